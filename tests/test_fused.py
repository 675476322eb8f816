"""Networks in the form that is compiled for a GPU draw the same, and share the weights of those they are made of."""

import pytest
import small_sd
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn

from instaflow_demo.engines.backends import fused
from instaflow_demo.engines.backends.fused import (
    CausalAttention,
    ChannelsLastGroupNorm,
    FusedLinear,
    UpsampleConvTranspose2d,
    fuse_text_encoder,
    fuse_unet,
    fuse_vae,
)


@pytest.fixture(autouse=True)
def small_norms_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "_FEW_ELEMENTS", 0)


@pytest.fixture(scope="module")
def networks() -> tuple[UNet2DConditionModel, AutoencoderKL]:
    """Random, and with biases and scales that matter."""
    _, unet, vae = small_sd.networks()
    generator = torch.Generator().manual_seed(0)
    for parameter in (*unet.parameters(), *vae.parameters()):
        parameter.requires_grad_(False)
        if parameter.dim() == 1:
            parameter.copy_(0.5 + 0.5 * torch.randn(parameter.shape, generator=generator))
    return unet, vae


def furthest(one: torch.Tensor, other: torch.Tensor) -> float:
    """How far one is from the other, as a share of the largest number."""
    return float((one - other).abs().max() / other.abs().max())


def shared(made: nn.Module, source: nn.Module) -> float:
    """The share of a network's numbers that another one holds too."""
    known = {parameter.data_ptr() for parameter in source.parameters()}
    counts = [(parameter.numel(), parameter.data_ptr() in known) for parameter in made.parameters()]
    return sum(count for count, is_known in counts if is_known) / sum(count for count, _ in counts)


@torch.inference_mode()
def test_a_fused_unet_says_the_same(networks) -> None:
    unet, _ = networks
    made, latents, states = fuse_unet(unet), torch.randn(2, 4, 32, 32), torch.randn(2, 77, 32)
    told = [each(latents, 500, encoder_hidden_states=states).sample for each in (made, unet)]
    assert furthest(*told) < 1e-5
    assert "to_qkv.weight" in " ".join(name for name, _ in made.named_parameters())
    assert [type(module) for module in made.modules()].count(FusedLinear) == 2, (
        "what all ask of the text, and of the time"
    )
    assert not any("to_kv." in name or "time_emb_proj." in name for name, _ in made.named_parameters())
    assert shared(made, unet) > 0.8
    assert [type(module) for module in made.modules()].count(UpsampleConvTranspose2d) == len(unet.up_blocks) - 1
    assert not any(isinstance(module, ChannelsLastGroupNorm) for module in unet.modules()), (
        "the other one stays as it is"
    )
    assert unet.config["encoder_hid_dim_type"] is None
    assert not any(attention.fused_projections for attention in unet.modules() if hasattr(attention, "to_q"))


UNUSUAL = {
    "an activation of its own": {"act_fn": "mish"},
    "text projected first": {"encoder_hid_dim": 24},
    "time activated first": {"time_embedding_act_fn": "gelu"},
    "no cross-attention": {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2},
    "blocks that leave the time as it is": {"resnet_skip_time_act": True},
}


@pytest.mark.parametrize("settings", UNUSUAL.values(), ids=UNUSUAL)
@torch.inference_mode()
def test_an_unusual_unet_says_the_same(settings) -> None:
    torch.manual_seed(0)
    usual = {"down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"), "layers_per_block": 1, "norm_num_groups": 4}
    usual |= {"up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), "mid_block_type": None, "cross_attention_dim": 32}
    unet = UNet2DConditionModel(block_out_channels=(8, 16), attention_head_dim=4, **usual | settings).eval()
    latents, states = torch.randn(2, 4, 16, 16), torch.randn(2, 5, settings.get("encoder_hid_dim", 32))
    told = [each(latents, 500, encoder_hidden_states=states).sample for each in (fuse_unet(unet), unet)]
    assert furthest(*told) < 1e-5


@torch.inference_mode()
def test_a_fused_text_encoder_says_the_same() -> None:
    encoder, _, _ = small_sd.networks()
    for parameter in encoder.parameters():
        if parameter.dim() == 1:
            parameter.add_(torch.linspace(-1, 1, len(parameter)))
    made, ids = fuse_text_encoder(encoder), torch.arange(2 * 77).view(2, 77)
    told = [each(input_ids=ids)[0] for each in (made, encoder)]
    assert furthest(*told) < 1e-5
    assert [type(module) for module in made.modules()].count(CausalAttention) == encoder.config.num_hidden_layers
    ids[:, 50:] += 1
    assert torch.equal(made(input_ids=ids)[0][:, :50], told[0][:, :50]), "what comes later is not seen"
    assert not any(isinstance(module, CausalAttention) for module in encoder.modules())


@torch.inference_mode()
def test_a_fused_decoder_draws_the_same(networks) -> None:
    _, vae = networks
    made, latents = fuse_vae(vae), torch.randn(2, 4, 9, 16)
    drawn = [each.decode(latents).sample for each in (made, vae)]
    assert furthest(*drawn) < torch.finfo(torch.float16).eps / 5, "far less than the precision that it is meant for"
    replaced = [type(module) for module in made.modules()]
    assert replaced.count(UpsampleConvTranspose2d) == 3
    assert replaced.count(ChannelsLastGroupNorm) > 20
    assert not any(isinstance(module, ChannelsLastGroupNorm | UpsampleConvTranspose2d) for module in vae.modules())


@torch.inference_mode()
def test_one_convolution_takes_only_twice_the_sides() -> None:
    doubling, image = UpsampleConvTranspose2d(torch.randn(2, 3, 3, 3), None), torch.randn(1, 3, 4, 5)
    assert torch.equal(doubling(image, (8, 10)), doubling(image))
    with pytest.raises(ValueError, match="doubles the sides"):
        doubling(image, (7, 10))


@torch.inference_mode()
def test_norms_of_few_numbers_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    norm = nn.GroupNorm(2, 4)
    numbers = torch.randn(1, 4, 3, 3)
    expected = norm(numbers)
    torch.testing.assert_close(ChannelsLastGroupNorm(norm)(numbers), expected)
    assert not torch.equal(ChannelsLastGroupNorm(norm)(numbers), expected), "computed in another way"
    monkeypatch.setattr(fused, "_FEW_ELEMENTS", 37)
    assert torch.equal(ChannelsLastGroupNorm(norm)(numbers), expected)


@torch.inference_mode()
def test_a_norm_of_large_numbers_keeps_its_precision() -> None:
    norm = nn.GroupNorm(2, 8)
    numbers = torch.randn(2, 8, 16, 16) + 30  # the mean of squares is 900 times the variance
    torch.testing.assert_close(ChannelsLastGroupNorm(norm)(numbers), norm(numbers), atol=2e-3, rtol=1e-3)


@torch.inference_mode()
def test_a_norm_of_what_is_nearly_alike_is_a_number() -> None:
    """The mean of squares less the squared mean is then rounding alone, and as often as not below nothing."""
    norm = nn.GroupNorm(2, 8, eps=1e-6)
    for value in torch.linspace(1, 60, 60):
        alike = value + 1e-4 * torch.randn(1, 8, 31, 17, generator=torch.Generator().manual_seed(0))
        assert ChannelsLastGroupNorm(norm)(alike).isfinite().all()
