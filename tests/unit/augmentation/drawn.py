"""What tests of pipelines draw: pictures, steps, batches."""

from PIL import Image

from dashlab.data.photos import load_photo
from dashlab.experiments.augmentation.draws import Draw, Sample, draw_pipeline
from dashlab.experiments.augmentation.pipeline import PipelineSpec, Step, make_step

CAT = load_photo("cat")
SPEC = PipelineSpec(kind="text", label="Pipeline", help="")
TO_FLOAT = [make_step("ToImage"), make_step("ToDtype")]


def same(count: int, picture: Image.Image = CAT) -> list[Sample]:
    return [Sample(picture=picture, name="cat")] * count


def draw(*steps: Step, picture: Image.Image = CAT, seed: int = 0) -> Draw:
    return draw_pipeline(steps, same(1, picture), seed=seed)[0]
