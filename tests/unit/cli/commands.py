"""What tests of the command line type."""

QUICK = ("train", "--epochs", "2", "--train-size", "200", "--hidden", "8", "--device", "cpu")
