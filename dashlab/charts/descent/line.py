"""A line through points, the loss surface with the path, and the loss: one replay of all three."""

import plotly.graph_objects as go

from dashlab.charts.style import figure
from dashlab.experiments.descent.line_rows import LineRun


def losses(run: LineRun) -> go.Figure:
    """The loss over all points at each step."""
    curve = go.Scatter(y=run.losses, mode="lines", hovertemplate="%{y:.4g}")
    return figure([curve], x_title="Step", y_title="Loss", legend=False, yaxis={"type": "log"})
