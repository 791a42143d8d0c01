"""What pages are drawn with; apart from `pages` and `app.py` the only place that imports streamlit."""
