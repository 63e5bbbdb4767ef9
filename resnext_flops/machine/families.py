"""Which models are alike, by their names: what a fit may not see of a model that it is judged by.

A family is the architecture's name before its size. Families may still be alike, as `resnet` and `seresnext` are, so
that there are super-families as well: all files of timm whose models are built of the same blocks.
"""

import re

_WORDS = (
    "nano pico femto atto micro mini tiny xtiny xxtiny small xsmall medium mediumd base large xlarge xxlarge huge "
    "giant gigantic enormous little betwixt wee pwee xxxs xxs xx xs s m l x xl xxl a b c d e f g r t n ti es em el "
    "lite pruned"
)
# Words that say a size, but for those that have a digit.
_SIZES = frozenset(_WORDS.split())
# A word with a size in digits: b0, s16, 224, lite0; but v2 is a version.
_SIZED = re.compile(r"(?!v\d$)[a-z]{0,4}\d.*")
_DEPTH = re.compile(r"\d\d.*")

_SUPER_FAMILIES = {
    "residual networks": "resnet resnetv2 senet res2net resnest sknet regnet nfnet tresnet byobnet byoanet dpn cspnet "
    "hrnet dla selecsls vovnet",
    "inverted bottlenecks": "efficientnet mobilenetv3 rexnet ghostnet repghost hardcorenas repvit",
    "plain transformers": "vision_transformer deit beit eva vision_transformer_relpos vision_transformer_hybrid "
    "vision_transformer_sam cait naflexvit",
    "attention in windows": "swin_transformer swin_transformer_v2 swin_transformer_v2_cr nest twins davit focalnet "
    "volo",
    "transformers with stages": "hiera hieradet_sam2 mvitv2 pvt_v2 pit",
    "large depthwise kernels": "convnext inception_next edgenext metaformer convmixer",
    "convolution and attention": "maxxvit coat levit efficientformer efficientformer_v2 mobilevit efficientvit_mit "
    "efficientvit_msra tiny_vit nextvit fastvit vitamin gcvit visformer",
    "inception": "inception_v3 inception_v4 inception_resnet_v2 xception xception_aligned nasnet pnasnet",
    "dense and plain networks": "densenet rdnet hgnet vgg",
}
_OF_FILE = {file: name for name, those in _SUPER_FAMILIES.items() for file in those.split()}


def family(name: str) -> str:
    """The name of a model before its size.

    >>> [family(name) for name in ("resnet50d", "seresnext50_32x4d", "vit_base_patch16_224", "tf_efficientnet_b0")]
    ['resnet', 'seresnext', 'vit', 'efficientnet']
    >>> [family(name) for name in ("pvt_v2_b0", "res2net50_26w_4s", "regnety_016", "eca_halonext26ts")]
    ['pvt_v2', 'res2net', 'regnety', 'eca_halonext']
    """
    first, *words = name.removeprefix("tf_").split("_")
    found = [first]
    for word in words:
        if word.rstrip("0123456789") in _SIZES or _DEPTH.search(found[-1]) or _SIZED.fullmatch(word):
            break
        found.append(word)
    return _DEPTH.sub("", "_".join(found)).rstrip("_")


def super_family(file: str) -> str:
    """What a model is alike by the file of timm that defines it; the file itself where it has no kin.

    >>> super_family("resnet"), super_family("convit")
    ('residual networks', 'convit')
    """
    return _OF_FILE.get(file, file)
