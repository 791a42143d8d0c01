"""BatchNorm against none: twins that differ in nothing else."""

from ui import views
from ui.batchnorm import views as batchnorm
from ui.page import open_page

with open_page("batchnorm"):
    views.show("bn", batchnorm.VIEWS, home=batchnorm.HOME)
