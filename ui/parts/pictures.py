"""Pictures on a page: whole, at the size of their place, and sharp on any screen."""

import streamlit as st

from dashlab.charts.pictures import Pixels, encoded


def show(picture: Pixels, alt: str, *, side: int) -> None:
    """One picture, uint8 [C, H, W] with C = 1 or 3, whose longer side is `side` pixels of the page long.

    Told the width itself, `st.image` would shrink the picture to it, smoothed, and fail where a thin one has
    less than a row left. In a place of this width it sends all pixels: two for each of the page's, since many
    screens have as many.
    """
    _, height, width = picture.shape
    with st.container(width=max(2, round(side * width / max(height, width)))):
        data, form = encoded(picture, side=2 * side)
        # Without its format named, Streamlit would encode it anew, as a JPEG of fewer colours.
        st.image(data, alt=alt, width="stretch", output_format=form)
