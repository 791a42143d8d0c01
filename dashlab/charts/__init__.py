"""Numbers in, plotly figures and PNG bytes out; nothing here draws on a page or imports torch."""
