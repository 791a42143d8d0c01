"""Dropout's masks and scaling, and a network that votes under them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from dashlab.charts.fitting import dropout as charts
from dashlab.errors import ConfigError
from dashlab.experiments.fitting import words
from dashlab.experiments.fitting.dropout import Votes, least_votes, masks, vote
from dashlab.experiments.fitting.settings import DropoutConfig, VoteConfig
from dashlab.settings.run import RunConfig
from dashlab.training.classifier import Classifier
from dashlab.training.engine import load, train
from dashlab.training.models.layers import Dropout


def test_s20_half_of_a_table_of_5_by_6_is_dropped_and_the_rest_doubled() -> None:
    found = masks(DropoutConfig())
    assert found.values.shape == (5, 6)
    assert found.values.ravel().tolist() == list(range(1, 31))
    assert ((found.outputs == 0) | (found.outputs == 2 * found.values)).all()
    assert found.staying.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.8])
def test_torchs_own_layer_gives_the_same_two_values(p: float) -> None:
    found = masks(DropoutConfig(p=p))
    torch.manual_seed(1)
    theirs = nn.Dropout(p)(torch.from_numpy(found.values).expand(200, -1, -1)).numpy()
    for outputs in (found.outputs, theirs):
        kept = outputs != 0
        assert outputs[kept] == pytest.approx((found.values / (1 - p) * kept)[kept])
        assert kept.mean() == pytest.approx(1 - p, abs=0.03)


def test_eval_mode_changes_nothing() -> None:
    found = masks(DropoutConfig(mode="eval"))
    assert (found.outputs == found.values).all()
    assert found.scale == 1
    assert "Nothing is dropped" in words.mask_words(found, 1)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_the_mean_over_many_masks_is_the_table_to_within_theory(p: float) -> None:
    found = masks(DropoutConfig(p=p, masks=4000))
    assert found.running_mean[-1] == pytest.approx(found.outputs.mean(axis=0))
    ratios = found.apart[[9, 99, 999, 3999]] / found.apart_expected[[9, 99, 999, 3999]]
    assert ((ratios > 0.5) & (ratios < 1.6)).all()
    assert found.apart_expected[-1] == pytest.approx((p / (1 - p) / 4000) ** 0.5)


def test_a_mask_is_told_with_its_numbers() -> None:
    found = masks(DropoutConfig(p=0.2))
    dropped = int((found.outputs[6] == 0).sum())
    assert f"Mask 7 sets {dropped} of 30 numbers" in words.mask_words(found, 7)
    assert "1.25" in words.mask_words(found, 7)
    assert "After 200 masks" in words.mean_words(found)
    assert "After 1 mask the" in words.mean_words(masks(DropoutConfig(masks=1)))


@pytest.fixture(scope="module")
def trained() -> Classifier:
    config = RunConfig().change(
        train_size=1000, hidden=(64, 32), dropout=0.5, epochs=3, lr=0.05, momentum=0.9, source="bundled"
    )
    return Classifier.of(train(config, device="cpu"))


def voted(trained: Classifier, **settings: float) -> Votes:
    images = load(RunConfig().change(source="bundled").data)
    return vote(VoteConfig().change(**settings), trained, images.test_x, images.test_y)


def test_every_vote_is_a_pass_with_one_mask_for_each_layer(trained: Classifier) -> None:
    """Against the layers called one by one, with masks read off the same streams."""
    found = voted(trained, votes=5, picture=3)
    picture = load(RunConfig().change(source="bundled").data).test_x[3:4]
    h = trained.normalization(picture).expand(5, -1, -1, -1)
    from dashlab.training.device import stream

    for place, layer in enumerate(trained.network):
        if isinstance(layer, Dropout):
            mask = torch.empty_like(h).bernoulli_(0.5, generator=stream(0, f"dropout: vote {place}"))
            h = h * mask / 0.5
        else:
            h = layer(h)
    assert found.layers == 2
    assert found.each == pytest.approx(h.softmax(1).double().numpy(), abs=1e-6)
    assert not np.allclose(found.each[0], found.each[1])


def test_without_dropout_all_votes_are_the_eval_mode(trained: Classifier) -> None:
    found = voted(trained, p=0.0, votes=3)
    assert found.each == pytest.approx(np.tile(found.evaluated, (3, 1)), abs=1e-6)
    assert found.agreement == 1


def test_votes_are_counted_and_told(trained: Classifier) -> None:
    found = voted(trained, votes=200, picture=8, p=0.7)
    assert sum(found.counts) == 200
    assert found.counts[int(found.each[0].argmax())] >= 1
    winner = found.classes[int(np.argmax(found.counts))]
    assert f"{max(found.counts)} of 200 masks vote for {winner}" in words.vote_words(found)
    assert found.mean.sum() == pytest.approx(1)


def test_the_network_that_voted_is_as_it_was(trained: Classifier) -> None:
    before = [type(layer) for layer in trained.network]
    voted(trained, votes=10)
    assert [type(layer) for layer in trained.network] == before
    assert not any(layer.training for layer in trained.network)


def test_a_network_without_dropout_layers_is_masked_behind_its_hidden_layers() -> None:
    config = RunConfig().change(train_size=200, hidden=(16, 8), epochs=1, source="bundled")
    found = voted(Classifier.of(train(config, device="cpu")), votes=20)
    assert found.layers == 2
    assert found.each.std(axis=0).max() > 0


def test_a_network_without_hidden_layers_is_refused() -> None:
    config = RunConfig().change(train_size=200, model="softmax", epochs=1, source="bundled")
    plain = Classifier.of(train(config.without_unused(), device="cpu"))
    with pytest.raises(ConfigError, match="no hidden layer"):
        voted(plain)


def test_a_picture_that_is_not_there_is_refused(trained: Classifier) -> None:
    images = load(RunConfig().change(source="bundled").data)
    with pytest.raises(ConfigError, match="5 test pictures"):
        vote(VoteConfig(picture=5), trained, images.test_x[:5], images.test_y[:5])


def test_the_votes_that_a_wanted_error_takes() -> None:
    assert least_votes(0.5, 0.05) == 100
    assert least_votes(0.9, 0.01) == 900


def test_the_figures_draw_what_was_found(trained: Classifier) -> None:
    found = masks(DropoutConfig())
    assert (np.array(charts.table(found, 2).data[0].text) == found.outputs[1]).all()
    assert (np.array(charts.mean_table(found).data[0].text) == found.running_mean[-1]).all()
    assert charts.convergence(found).data[0].y[-1] == pytest.approx(100 * found.apart[-1])
    ballot = voted(trained, votes=40)
    assert list(charts.votes(ballot).data[0].y) == pytest.approx([2.5 * count for count in ballot.counts])
    assert np.array(charts.strip(ballot, 30).data[0].z).shape == (10, 30)
