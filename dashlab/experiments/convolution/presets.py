"""Telling cases of layers that slide over a picture, in the order of a lesson."""

from dashlab.experiments.convolution.settings import LayerConfig
from dashlab.experiments.convolution.stack_settings import CONV, POOL, FieldConfig, StackedLayer
from dashlab.settings.lists import text_of
from dashlab.settings.presets import Preset, by_name

SMALL = LayerConfig(source="ramp", side=6, row=2, column=2)

ONE_LAYER = by_name(
    Preset(
        "s19conv",
        "S19: a kernel that finds edges",
        "Where neighbours are alike the output is 0; at an edge it is not. Click pixels on both sides.",
        LayerConfig(),
    ),
    Preset(
        "bynumbers",
        "Small enough to count",
        "Six by six numbers. Each output is nine products: click one, and see the sum.",
        SMALL.change(weights="sobelx"),
    ),
    Preset(
        "strided",
        "Stride 2: half the size",
        "Every second window alone. Count with the formula: (64 + 2 − 2 − 1)/2, rounded down, and 1.",
        LayerConfig(stride=2, row=10, column=10),
    ),
    Preset(
        "holes",
        "Dilation: a wide view for nine weights",
        "The taps stand four pixels apart: nine weights see a window of 9 × 9.",
        LayerConfig(dilation=4, padding=4, weights="blur"),
    ),
    Preset(
        "depthwise",
        "Depthwise: each colour alone",
        "With groups = 3 each output channel sees its own input channel: 27 weights and three biases. The "
        "same three channels without groups would need 81 weights.",
        LayerConfig(colour=True, groups="depthwise", weights="sharpen"),
    ),
    Preset(
        "s19transposed",
        "S19: transposed, and its checkerboard",
        "A kernel of 3 at a stride of 2: outputs get one, two or four terms in turn. On a smooth picture you "
        "see the pattern.",
        LayerConfig(layer="transposed", stride=2, weights="blur", source="photo", side=32),
    ),
    Preset(
        "evenly",
        "Transposed without the checkerboard",
        "A kernel of 4 at a stride of 2: the stride divides the kernel, and every output gets as many terms.",
        LayerConfig(layer="transposed", kernel=4, stride=2, weights="blur", side=32),
    ),
    Preset(
        "outputpadding",
        "What output_padding is",
        "It adds no zeros. With a stride of 2 pictures of 11 and of 12 pixels are both convolved to 6: it "
        "says which of the two comes back.",
        SMALL.change(layer="transposed", stride=2, output_padding=1, weights="blur"),
    ),
    Preset(
        "s19conv3d",
        "S19: through a clip",
        "The window goes over three pictures at a time. What moves becomes blurred, what stands still does "
        "not.",
        LayerConfig(layer="conv3d", weights="identity"),
    ),
    Preset(
        "s19maxpool",
        "S19: the largest of each window",
        "Half the size, and every number is one of the picture's: click an output to see where it came from.",
        LayerConfig(layer="maxpool", kernel=2, stride=2, padding=0, source="mnist", side=28, row=6, column=6),
    ),
    Preset(
        "s19avgpool",
        "S19: the mean, and its dark rim",
        "Padded zeros count in the mean: the rim is darker. Switch count_include_pad off.",
        LayerConfig(layer="avgpool", kernel=5, stride=1, padding=2, side=32, row=0, column=0),
    ),
    Preset(
        "s19unpool",
        "S19: back to where they were",
        "Three of four numbers are lost: unpooling knows where the largest stood, and has zeros elsewhere.",
        LayerConfig(
            layer="unpool", kernel=2, stride=2, padding=0, source="mnist", side=28, row=12, column=12
        ),
    ),
    Preset(
        "s19adaptive",
        "S19: whatever the size, seven by seven",
        "28 is four times 7, 30 is not: move the side to 30, and the windows begin to overlap.",
        LayerConfig(layer="adaptivemax", output_size=7, source="mnist", side=28, row=3, column=3),
    ),
)

FIVE = StackedLayer(kernel=5, padding=0)

FIELDS = by_name(
    Preset(
        "vggblocks",
        "Two and two, with poolings between",
        "After each pooling the next convolution adds twice as many pixels: 5, 6, 14, 16.",
        FieldConfig(),
    ),
    Preset(
        "twothrees",
        "Two of 3 × 3 see as one of 5 × 5",
        "And four of them as one of 9 × 9, with fewer weights: the idea of VGG (Simonyan and Zisserman "
        "2014). What counts is a bell, not a square.",
        FieldConfig(layers=text_of((CONV,) * 4), up_to=4, row=32, column=32),
    ),
    Preset(
        "lenetfield",
        "LeNet's two convolutions",
        "At 32 × 32 one number of the last pooling sees 16 × 16 pixels: a quarter of the picture.",
        FieldConfig(
            layers=text_of((FIVE, POOL, FIVE, POOL)),
            side=32, up_to=4, row=2, column=2,
        ),
    ),
    Preset(
        "resnetstem",
        "How a ResNet begins",
        "7 × 7 at a stride of 2, then a pooling at a stride of 2: already the third layer adds eight pixels "
        "with each 3 × 3.",
        FieldConfig(
            layers=text_of((
                StackedLayer(kernel=7, stride=2, padding=3),
                StackedLayer(kind="pool", kernel=3, stride=2, padding=1),
                CONV, CONV, CONV,
            )),
            side=128, up_to=5, row=16, column=16,
        ),
    ),
    Preset(
        "dilated",
        "Dilation 1, 2, 4: no pooling needed",
        "The field doubles with each layer, and the output stays as large as the picture (Yu and Koltun "
        "2015).",
        FieldConfig(
            layers=text_of(tuple(StackedLayer(dilation=d, padding=d) for d in (1, 2, 4))),
            up_to=3, row=32, column=32,
        ),
    ),
    Preset(
        "gridding",
        "Holes: three times dilation 2",
        "Equal dilations leave a grid of pixels that no output sees: look for the gaps.",
        FieldConfig(
            layers=text_of((StackedLayer(dilation=2, padding=2),) * 3), side=32, up_to=3, row=16, column=16
        ),
    ),
)  # fmt: skip

BY_VIEW = {"layer": ONE_LAYER, "field": FIELDS}
"""Those of every view, under the name that it has in a link."""
