"""`python -m dashlab`: train, runs, data, doctor."""

import sys

from dashlab.cli.main import main

sys.exit(main())
