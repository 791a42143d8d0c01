"""BatchNorm against none: twins that differ in nothing else."""

from ui.batchnorm import views as batchnorm
from ui.frame import views
from ui.frame.page import open_page

with open_page("batchnorm"):
    views.show("bn", batchnorm.VIEWS, home=batchnorm.HOME)
