"""The published set holds what its documents print, row by row, with every digit."""

import re
import shlex
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.counters import lookup
from resnext_flops.proof.published import agreement, published
from resnext_flops.proof.published.collection import (
    Column,
    PrintedFigure,
    decoded,
    encoded,
    printed_figures,
    source,
    sources,
)
from tests.enveloped import answered

# Rows of each document, counted in the document itself: lines of its tables, or keys of the same name.
ROWS = {
    "convnext": 6 + 10 + 3,
    "convnext-v2": 8 + 8 + 10,
    "deit": 10 + 6 + (4 + 1 + 2) + (8 + 8) + (4 + 7 + 2),
    "dpn": 4 + 3 + 2,
    "efficientnetv2": 3 + 4,
    "hrnet": 9 + 4,
    "imgclsmob": 485 - 162 + 1,
    "keras": 26 + 7,
    "keras-exact": 26,
    "mmpretrain": 548,  # lines with "Parameters:" in the 86 metafiles; 523 of them have FLOPs that are not null
    "paddleclas": 8 + 15 + 40 + 25 + 10 + 10 + 8 + 14 + 3 + 15 + 10 + 3 + 5 + 8 + 5 + 6 + 4 + 9 + 5 + 1 + 6 + 7 + 3 + 8,
    "poolformer": 5,
    "ptflops": 20 + 8,  # a row for each backend that has a figure
    "pycls": 66 - 1,  # one key is a date
    "res2net": 12,
    "resnest": 7,
    "shufflenet": 6 + 6 + 2 + 1 + 12 + 6,
    "swin": 10 + 10 + 8,
    "tf-slim-mobilenet": 6 + 3 + 2 + 22,
    "tf-slim-mobilenet-v1": 16 + 16,
    "tf-slim-nasnet": 2,
    "thop": 16 + 18,
    "timm-2023": 933 - 1,
    "timm-2026": 1630 - 1,
    "timm-imagenet": 1557 - 1,
    "twins": 6,
}

# What a row prints: its model, resolution, params, operations, activations and accuracy. The comment is its line.
V1, V2 = "research/slim/nets/mobilenet_v1.md", "research/slim/nets/mobilenet/README.md"
KERAS, PADDLE = "templates/api/applications/index.md", "docs/en/algorithm_introduction/ImageNet_models_en.md"
BENCHMARK = "results/benchmark-infer-amp-nchw-pt"
SPOTS = {
    # | ConvNeXt-T | 224x224 | 82.1 | 28M | 4.5G |
    ("convnext", "README.md:36"): ("ConvNeXt-T", "224", "28M", "4.5G", "", "82.1"),
    # | ConvNeXt-B | 384x384 | 86.8 | 89M | 47.0G |     -          |
    ("convnext", "README.md:52"): ("ConvNeXt-B", "384", "89M", "47.0G", "", "86.8"),
    # | ConvNeXt-L | 224x224 | 82.6 | 306M | 59.7G |
    ("convnext", "README.md:64"): ("ConvNeXt-L", "224", "306M", "59.7G", "", "82.6"),
    # | ConvNeXt V2-A | 224x224 | 3.7M |
    ("convnext-v2", "README.md:23"): ("ConvNeXt V2-A", "224", "3.7M", "", "", ""),
    # | ConvNeXt V2-A | 224x224 | 76.7 | 3.7M  | 0.55G |
    ("convnext-v2", "README.md:36"): ("ConvNeXt V2-A", "224", "3.7M", "0.55G", "", "76.7"),
    # | ConvNeXt V2-H | 512x512 | 88.9 | 660M  | 600.8G  |
    ("convnext-v2", "README.md:58"): ("ConvNeXt V2-H", "512", "660M", "600.8G", "", "88.9"),
    # | ResMLP-S24| 80.8 | 224 |  6B |30M |
    ("deit", "README_resmlp.md:38"): ("ResMLP-S24", "224", "30M", "6B", "", "80.8"),
    # | ResMLP-S36 | 81.1 | 224 |  23B |116M |
    ("deit", "README_resmlp.md:39"): ("ResMLP-S36", "224", "116M", "23B", "", "81.1"),
    # | ViT-M | 38.8 | 8.0 | - | - | 224x224 | 83.0 | 72.3 |
    ("deit", "README_revenge.md:39"): ("ViT-M", "224", "38.8", "8.0", "", "83.0"),
    # <td>DPN-68</td> <td>49 MB</td> <td>2.5</td> <td>23.57</td>
    ("dpn", "README.md:70"): ("DPN-68", "224", "", "2.5", "", "23.57"),
    # <td>DPN-131</td> <td>304 MB</td> <td>16.0</td> <td>19.93</td>
    ("dpn", "README.md:103"): ("DPN-131", "224", "", "16.0", "", "19.93"),
    # <td>DPN-107</td> <td>333 MB</td> <td>18.3</td> <td>19.75</td>
    ("dpn", "README.md:172"): ("DPN-107", "224", "", "18.3", "", "19.75"),
    # |    EffNetV2-S     |    83.9%   |    21.5M    |  8.4B    |
    ("efficientnetv2", "efficientnetv2/README.md:32"): ("EffNetV2-S", "", "21.5M", "8.4B", "", "83.9%"),
    # |    EffNetV2-L     |    85.7%   |   119.5M    | 56.3B    |
    ("efficientnetv2", "efficientnetv2/README.md:34"): ("EffNetV2-L", "", "119.5M", "56.3B", "", "85.7%"),
    # |    EffNetV2-B0     |    78.7%   |    7.1M    | 0.72B    |
    ("efficientnetv2", "efficientnetv2/README.md:53"): ("EffNetV2-B0", "", "7.1M", "0.72B", "", "78.7%"),
    # | HRNet-W18-C | 21.3M | 3.99 | 23.2% | 6.6% |
    ("hrnet", "README.md:28"): ("HRNet-W18-C", "", "21.3M", "3.99", "", "23.2%"),
    # | HRNet-W40-C | 57.6M | 11.8 | 21.1% | 5.5% |
    ("hrnet", "README.md:31"): ("HRNet-W40-C", "", "57.6M", "11.8", "", "21.1%"),
    # | HRNet-W48-C-ssld (converted from PaddlePaddle) | 77.5M | 16.1 | 16.4%  |
    ("hrnet", "README.md:43"): ("HRNet-W48-C-ssld (converted from PaddlePaddle)", "", "77.5M", "16.1", "", "16.4%"),
    # | AlexNet | 38.07 | 16.10 | 62,378,344 | 1,132.33M |
    ("imgclsmob", "gluon/README.md:162"): ("AlexNet", "", "62,378,344", "1,132.33M", "", "38.07"),
    # | AlexNet-b | 39.30 | 17.05 | 61,100,840 | 714.83M |
    ("imgclsmob", "gluon/README.md:163"): ("AlexNet-b", "", "61,100,840", "714.83M", "", "39.30"),
    # | ResNeSt(A)-101 | 17.74 |  3.99 | 48,275,016 | 10,246.42M |
    ("imgclsmob", "gluon/README.md:258"): ("ResNeSt(A)-101", "224", "48,275,016", "10,246.42M", "", "17.74"),
    # | [Xception](xception) | 88 | 79.0% | 94.5% | 22.9M | 81 |
    ("keras", f"{KERAS}:17"): ("Xception", "", "22.9M", "", "", "79.0%"),
    # | [EfficientNetB0](efficientnet/#efficientnetb0-function) | 29 | 77.1% | 93.3% | 5.3M | 132 |
    ("keras", f"{KERAS}:35"): ("EfficientNetB0", "", "5.3M", "", "", "77.1%"),
    # | [EfficientNetV2L](efficientnet_v2/#efficientnetv2l-function) | 479 | 85.7% | 97.5% | 119.0M | - |
    ("keras", f"{KERAS}:49"): ("EfficientNetV2L", "", "119.0M", "", "", "85.7%"),
    # | [Xception](xception) | 88 MB | 0.790 | 0.945 | 22,910,480 | 126 |
    ("keras-exact", f"{KERAS}:17"): ("Xception", "", "22,910,480", "", "", "0.790"),
    # | [ResNet50](resnet/#resnet50-function) | 98 MB | 0.749 | 0.921 | 25,636,712 | - |
    ("keras-exact", f"{KERAS}:20"): ("ResNet50", "", "25,636,712", "", "", "0.749"),
    # | [EfficientNetB7](efficientnet/#efficientnetb7-function) | 256 MB | - | - | 66,658,687 | - |
    ("keras-exact", f"{KERAS}:42"): ("EfficientNetB7", "", "66,658,687", "", "", "-"),
    # - Name: regnetx-3.2gf_8xb64_in1k ... FLOPs: 1530000000 ... Parameters: 3210000 ... Top 1 Accuracy: 78.09
    ("mmpretrain", "configs/regnet/metafile.yml:58"): (
        "regnetx-3.2gf_8xb64_in1k",
        "",
        "3210000",
        "1530000000",
        "",
        "78.09",
    ),
    # - Name: hrnet-w18_3rdparty_8xb32_in1k ... FLOPs: 4330397932 ... Parameters: 21295164 ... Top 1 Accuracy: 76.75
    ("mmpretrain", "configs/hrnet/metafile.yml:19"): (
        "hrnet-w18_3rdparty_8xb32_in1k",
        "",
        "21295164",
        "4330397932",
        "",
        "76.75",
    ),
    # - Name: blip-base_8xb16_refcoco ... FLOPs: null ... Parameters: 498488636
    ("mmpretrain", "configs/blip/metafile.yml:20"): ("blip-base_8xb16_refcoco", "", "498488636", "", "", ""),
    # | PPLCNet_x0_25        |0.5186           | 0.7565   | 1.61785 | 18.25    | 1.52  |
    ("paddleclas", f"{PADDLE}:114"): ("PPLCNet_x0_25", "", "1.52", "18.25", "", "0.5186"),
    # | ResNet50            | 0.7650    | 0.9300    | 2.54 | 4.79 | 7.40 | 4.11     | 25.61
    ("paddleclas", f"{PADDLE}:136"): ("ResNet50", "", "25.61", "4.11", "", "0.7650"),
    # | SqueezeNet1_0 | 0.596 | 0.817 | 0.68             | 1.64             | 2.62    | 0.78 | 1.25 |
    ("paddleclas", f"{PADDLE}:557"): ("SqueezeNet1_0", "", "1.25", "0.78", "", "0.596"),
    # | poolformer_s12  |    12M     |   224  |  1.8G |  77.2  |
    ("poolformer", "README.md:89"): ("poolformer_s12", "224", "12M", "1.8G", "", "77.2"),
    # | poolformer_s36  |   31M     |   224 | 5.0G | 81.4  |
    ("poolformer", "README.md:91"): ("poolformer_s36", "224", "31M", "5.0G", "", "81.4"),
    # | poolformer_m48  |   73M     |   224 | 11.6G | 82.5  |
    ("poolformer", "README.md:93"): ("poolformer_m48", "224", "73M", "11.6G", "", "82.5"),
    # alexnet                | 224x224          | 61.10     | 0.72                | 0.71
    ("ptflops", "README.md:109"): ("alexnet", "224", "61.10", "0.72", "", ""),
    # resnet50               | 224x224          | 25.56     | 4.13                | 4.09
    ("ptflops", "README.md:122"): ("resnet50", "224", "25.56", "4.13", "", ""),
    # vit_b_16               | 224x224          | 86.57     | 17.61 (wrong)       | 16.86
    ("ptflops", "README.md:127"): ("vit_b_16", "224", "86.57", "17.61 (wrong)", "", ""),
    # "acts": 1060874, "flops": 253149834, "params": 1730714
    ("pycls", "dev/model_complexity.json:2"): (
        "configs/archive/cifar/anynet/R-110_nds_1gpu.yaml",
        "",
        "1730714",
        "253149834",
        "1060874",
        "",
    ),
    # "acts": 30261570, "flops": 32279583362, "params": 145046770
    ("pycls", "dev/model_complexity.json:262"): (
        "configs/dds_baselines/regnety/RegNetY-32GF_dds_8gpu.yaml",
        "",
        "145046770",
        "32279583362",
        "30261570",
        "",
    ),
    # "acts": 14602216, "flops": 4230480872, "params": 25028904
    ("pycls", "dev/model_complexity.json:322"): (
        "configs/dds_baselines/resnext/X-50-32x4d_dds_8gpu.yaml",
        "",
        "25028904",
        "4230480872",
        "14602216",
        "",
    ),
    # | Res2Net-50-48w-2s  | 25.29M | 4.2 | 22.68 | 6.47 |
    ("res2net", "README.md:49"): ("Res2Net-50-48w-2s", "", "25.29M", "4.2", "", "22.68"),
    # | Res2Net-50-26w-8s  | 48.40M | 8.3 | 20.80 | 5.63 |
    ("res2net", "README.md:53"): ("Res2Net-50-26w-8s", "", "48.40M", "8.3", "", "20.80"),
    # | **Res2Net-v1b-50** | 25.72M | 4.5 | 19.73 | 4.96 |
    ("res2net", "README.md:58"): ("Res2Net-v1b-50", "", "25.72M", "4.5", "", "19.73"),
    # | ResNeSt-50-fast | 1s1x64d | 26.3M | 4.34   | 80.33   | 80.35 |
    ("resnest", "ablation.md:5"): ("1s1x64d", "", "26.3M", "4.34", "", "80.33"),
    # | ResNeSt-50-fast | 4s1x64d | 31.9M | 4.35   | 80.76   | 80.90 |
    ("resnest", "ablation.md:7"): ("4s1x64d", "", "31.9M", "4.35", "", "80.76"),
    # | ResNeSt-50-fast | 1s4x24d | 25.7M | 4.42   | 80.99   | 80.97 |
    ("resnest", "ablation.md:11"): ("1s4x24d", "", "25.7M", "4.42", "", "80.99"),
    # ShuffleNetV2+ Large        |   360M     | 6.7M    |      **22.9**    |       6.7   |
    ("shufflenet", "README.md:25"): ("ShuffleNetV2+ Large", "", "6.7M", "360M", "", "22.9"),
    # | MobileNetV2 (1.4) | 585M | 6.9M | 25.3 | - |
    ("shufflenet", "README.md:38"): ("MobileNetV2 (1.4)", "", "6.9M", "585M", "", "25.3"),
    # ShuffleNetV1 0.5x (group=8)|    40M     |   1.0M    |      **41.2**    |       19.0   |
    ("shufflenet", "README.md:76"): ("ShuffleNetV1 0.5x (group=8)", "", "1.0M", "40M", "", "41.2"),
    # | Swin-T | ImageNet-1K | 224x224 | 81.2 | 95.5 | 28M | 4.5G | 755 |
    ("swin", "MODELHUB.md:7"): ("Swin-T", "224", "28M", "4.5G", "", "81.2"),
    # | Swin-L | ImageNet-22K | 384x384 | 87.3 | 98.2 | 197M | 103.9G | 42 |
    ("swin", "MODELHUB.md:16"): ("Swin-L", "384", "197M", "103.9G", "", "87.3"),
    # | SwinV2-T | ImageNet-1K | 256x256 | 16x16 | 82.8 | 96.2 | 28M | 6.6G | 437 |
    ("swin", "MODELHUB.md:25"): ("SwinV2-T", "256", "28M", "6.6G", "", "82.8"),
    # | [Large dm=1 (float)]    | 217      | 5.4        | 75.2 |
    ("tf-slim-mobilenet", f"{V2}:64"): ("Large dm=1 (float)", "224", "5.4", "217", "", "75.2"),
    # [float_v2_1.4_224](...)  | [uint8][quantized_v2_1.4_224]  | 582      | 6.06           | 75.0           |
    ("tf-slim-mobilenet", f"{V2}:108"): ("float_v2_1.4_224", "224", "6.06", "582", "", "75.0"),
    # [float_v2_0.35_96](...)  |[uint8][quantized_v2_0.35_96]  | 11       | 1.66           | 45.5           |
    ("tf-slim-mobilenet", f"{V2}:129"): ("float_v2_0.35_96", "96", "1.66", "11", "", "45.5"),
    # [MobileNet_v1_1.0_224](...)|569|4.24|70.9|89.9|
    ("tf-slim-mobilenet-v1", f"{V1}:20"): ("MobileNet_v1_1.0_224", "224", "4.24", "569", "", "70.9"),
    # [MobileNet_v1_0.25_192](...)|34|0.47|47.7|72.3|
    ("tf-slim-mobilenet-v1", f"{V1}:33"): ("MobileNet_v1_0.25_192", "192", "0.47", "34", "", "47.7"),
    # [MobileNet_v1_0.25_128_quant](...)|14|0.47|39.5|64.4|
    ("tf-slim-mobilenet-v1", f"{V1}:51"): ("MobileNet_v1_0.25_128_quant", "128", "0.47", "14", "", "39.5"),
    # [NASNet-A_Mobile_224](...)|564|5.3|74.0|91.6|
    ("tf-slim-nasnet", "research/slim/nets/nasnet/README.md:14"): (
        "NASNet-A_Mobile_224",
        "224",
        "5.3",
        "564",
        "",
        "74.0",
    ),
    # [NASNet-A_Large_331](...)|23800|88.9|82.7|96.2|
    ("tf-slim-nasnet", "research/slim/nets/nasnet/README.md:15"): (
        "NASNet-A_Large_331",
        "331",
        "88.9",
        "23800",
        "",
        "82.7",
    ),
    # alexnet | 61.10 | 0.77
    ("thop", "README.md:52"): ("alexnet", "", "61.10", "0.77", "", ""),
    # resnet50 | 25.56 | 4.14
    ("thop", "README.md:63"): ("resnet50", "", "25.56", "4.14", "", ""),
    # inception_v3 | 27.16 | 5.75
    ("thop", "README.md:91"): ("inception_v3", "", "27.16", "5.75", "", ""),
    # tinynet_e,49277.65,20.77,1024,106,0.03,0.69,2.04
    ("timm-2023", f"{BENCHMARK}113-cu117-rtx3090.csv:2"): ("tinynet_e", "106", "2.04", "0.03", "0.69", ""),
    # xcit_tiny_24_p16_224_dist,2617.14,391.253,1024,224,2.34,11.82,12.12
    ("timm-2023", f"{BENCHMARK}113-cu117-rtx3090.csv:300"): (
        "xcit_tiny_24_p16_224_dist",
        "224",
        "12.12",
        "2.34",
        "11.82",
        "",
    ),
    # eva_giant_patch14_560,10.36,4631.037,48,560,1906.76,2577.17,1014.45
    ("timm-2023", f"{BENCHMARK}113-cu117-rtx3090.csv:933"): (
        "eva_giant_patch14_560",
        "560",
        "1014.45",
        "1906.76",
        "2577.17",
        "",
    ),
    # test_vit,160,268105.47,7.62,2048,0.37,0.04,0.48
    ("timm-2026", f"{BENCHMARK}291-cu130-pro6000maxq.csv:2"): ("test_vit", "160", "0.37", "0.04", "0.48", ""),
    # hiera_tiny_224,224,4034.6,507.569,2048,27.91,4.91,17.13
    ("timm-2026", f"{BENCHMARK}291-cu130-pro6000maxq.csv:700"): ("hiera_tiny_224", "224", "27.91", "4.91", "17.13", ""),
    # samvit_huge_patch16,1024,9.46,1690.971,16,637.03,2982.23,3428.16
    ("timm-2026", f"{BENCHMARK}291-cu130-pro6000maxq.csv:1630"): (
        "samvit_huge_patch16",
        "1024",
        "637.03",
        "2982.23",
        "3428.16",
        "",
    ),
    # eva02_large_patch14_448.mim_m38m_ft_in22k_in1k,448,90.056,9.944,99.054,0.946,305.08,1.000,bicubic
    ("timm-imagenet", "results/results-imagenet.csv:2"): (
        "eva02_large_patch14_448.mim_m38m_ft_in22k_in1k",
        "448",
        "305.08",
        "",
        "",
        "90.056",
    ),
    # eva_giant_patch14_560.m30m_ft_in22k_in1k,560,89.790,10.210,98.990,1.010,"1,014.45",1.000,bicubic
    ("timm-imagenet", "results/results-imagenet.csv:4"): (
        "eva_giant_patch14_560.m30m_ft_in22k_in1k",
        "560",
        "1,014.45",
        "",
        "",
        "89.790",
    ),
    # vit_small_patch16_rope_ape_224.naver_in1k,224,81.016,18.984,94.988,5.012,22.06,0.900,bicubic
    ("timm-imagenet", "results/results-imagenet.csv:900"): (
        "vit_small_patch16_rope_ape_224.naver_in1k",
        "224",
        "22.06",
        "",
        "",
        "81.016",
    ),
    # | PCPVT-Small| Twins-PCPVT-S | 81.2 | 3.7  | 24.1 |
    ("twins", "README.md:49"): ("Twins-PCPVT-S", "", "24.1", "3.7", "", "81.2"),
    # | PCPVT-Large| Twins-PCPVT-L | 83.1 | 9.5  | 60.9 |
    ("twins", "README.md:51"): ("Twins-PCPVT-L", "", "60.9", "9.5", "", "83.1"),
    # | ALTGVT-Base  | Twins-SVT-B   | 83.2 | 8.3  | 56   |
    ("twins", "README.md:53"): ("Twins-SVT-B", "", "56", "8.3", "", "83.2"),
}

# The models of each of these rows of torchvision's metadata, as the package's own source prints them.
WEIGHTS = {
    # models/resnet.py: "num_params": 25557032, "acc@1": 76.130, "_ops": 4.089
    "ResNet50_Weights.IMAGENET1K_V1": ("25557032", "4.089", "224", "76.13", "torchvision:resnet50"),
    # models/densenet.py: "num_params": 14149480, "acc@1": 75.600, "_ops": 3.36
    "DenseNet169_Weights.IMAGENET1K_V1": ("14149480", "3.36", "224", "75.6", "torchvision:densenet169"),
    # models/vision_transformer.py: "num_params": 633470440, "acc@1": 88.552, "_ops": 1016.717; crops of 518 pixels
    "ViT_H_14_Weights.IMAGENET1K_SWAG_E2E_V1": (
        "633470440",
        "1016.717",
        "518",
        "88.552",
        "torchvision:vit_h_14(image_size=518)",
    ),
}


def rows_of(name: str) -> int:
    return sum(len(table.rows) for table in source(name).tables)


def printed(name: str, where: str) -> list[PrintedFigure]:
    return [figure for figure in printed_figures() if (figure.source, figure.where) == (name, where)]


@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_a_document_is_there(name: str) -> None:
    assert rows_of(name) == ROWS[name]


def test_every_source_is_counted() -> None:
    assert set(sources()) == {*ROWS, "torchvision", "papers"}
    assert len(printed_figures()) >= 1500


@pytest.mark.parametrize(("name", "where"), SPOTS)
def test_a_row_is_that_of_the_document(name: str, where: str) -> None:
    model, resolution, params, operations, activations, accuracy = SPOTS[name, where]
    rows = [row for table in source(name).tables for row in table.rows if f"{table.file}:{row.line}" == where]
    assert (rows[0].model, rows[0].resolution, rows[0].accuracy) == (model, resolution, accuracy)
    assert (rows[0].params, rows[0].operations, rows[0].activations) == (params, operations, activations)


def test_three_rows_of_every_document_are_looked_at() -> None:
    looked_at = {name: sum(spot == name for spot, _ in SPOTS) for name in ROWS}
    assert {name: number for name, number in looked_at.items() if number < 3} == {"tf-slim-nasnet": 2}  # it has two


@pytest.mark.parametrize("weights", WEIGHTS)
def test_rows_of_torchvision(weights: str) -> None:
    (row,) = (row for table in source("torchvision").tables for row in table.rows if row.model == weights)
    assert (row.params, row.operations, row.resolution, row.accuracy, row.built_as) == WEIGHTS[weights]


def test_the_papers_are_those_of_the_described_networks() -> None:
    # Table 1 of He et al.: "FLOPs 1.8x10^9 3.6x10^9 3.8x10^9 7.6x10^9 11.3x10^9"
    figures = [figure for figure in printed_figures() if figure.where == "He et al., arXiv:1512.03385, Table 1"]
    assert [figure.text for figure in figures] == ["1.8 G", "3.6 G", "3.8 G", "7.6 G", "11.3 G"]
    assert {figure.figure for figure in figures} == {"operations"}
    assert figures[2].built_as == "resnet(50, stride_in='1x1')"
    # The ResNeXt paper prints "~15" in Table 4.
    assert "~15 G" in {figure.text for figure in printed_figures() if "Table 4" in figure.where}


def test_every_figure_has_digits_and_a_place() -> None:
    for figure in printed_figures():
        assert figure.where, figure
        assert figure.value > 0, figure
        assert 1 <= figure.digits <= len(re.sub("[^0-9]", "", figure.text)) + (figure.column.decimals or 0), figure


def test_every_source_has_a_version() -> None:
    for name in set(sources()) - {"papers"}:
        version = source(name).version
        assert re.fullmatch("[0-9a-f]{40}" if name != "torchvision" else r"[0-9.]+", version), name


def test_conventions_are_those_of_the_project() -> None:
    named = {figure.column.convention for figure in printed_figures()} - {""}
    assert named == {"paper", "pycls", "fvcore", "timm", "thop-2019", "ptflops-pytorch", "ptflops-aten", "torchvision"}
    assert named <= set(CONVENTIONS)


def figure(text: str, unit: str = "", decimals: int | None = None) -> PrintedFigure:
    column = Column("FLOPs", unit, decimals)  # type: ignore[arg-type]
    return PrintedFigure("", "", "", "", "", "operations", text, column, "")


@pytest.mark.parametrize(
    ("given", "value", "digits"),
    [
        (figure("3.99", "G"), "3.99E+9", 3),
        (figure("25.6 M"), "2.56E+7", 3),
        (figure("0.55G"), "5.5E+8", 2),
        (figure("6B"), "6E+9", 1),
        (figure("~15 G"), "1.5E+10", 2),
        (figure("1,132.33M"), "1.13233E+9", 6),
        (figure("17.61 (wrong)", "G"), "1.761E+10", 4),
        (figure("570M", "G"), "570E+6", 3),  # its own unit, not that of the column
        (figure("4109464576"), "4109464576", 10),
        (figure("560000000"), "5.6E+8", 2),  # 0.56 G, written out
        (figure("300", "M"), "300E+6", 3),
        (figure("7.61", "G", 3), "7.610E+9", 4),  # a zero at the end was dropped
        (figure("0.3", "G", 2), "3.0E+8", 2),
        (figure("23", "M", 2), "23.00E+6", 4),
    ],
)
def test_a_figure_keeps_its_last_digit(given: PrintedFigure, value: str, digits: int) -> None:
    assert (given.value, given.value.as_tuple().exponent) == (Decimal(value), Decimal(value).as_tuple().exponent)
    assert given.digits == digits


FILE = encoded(source("hrnet")).decode()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"title":', '"titel":', "hrnet.json: Object contains unknown field `titel`"),
        ('"13.2M"', '"many"', r"hrnet.json: Expected `str` matching regex .* - at `\$.tables\[0\].rows\[0\]\[4\]`"),
        ('"unit":"G"', '"units":"G"', "hrnet.json: Object contains unknown field `units`"),
        ('"unit":"G"', '"unit":"Gi"', "hrnet.json: Invalid enum value 'Gi'"),
        (',"15.6M"', ' "15.6M"', "hrnet.json, line 10: JSON is malformed"),
        ("]\n}\n", "", "hrnet.json, line 23: Input data was truncated"),
    ],
)
def test_a_faulty_file_is_refused_in_one_sentence(old: str, new: str, message: str) -> None:
    assert FILE.count(old) >= 1
    with pytest.raises(rf.InputError, match=message) as refused:
        decoded(FILE.replace(old, new, 1).encode(), "hrnet.json")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", sources())
def test_a_source_is_written_as_it_was_read(name: str) -> None:
    assert decoded(encoded(source(name)), name) == source(name)


def test_it_is_quick_to_load() -> None:
    code = (
        "import sys; from resnext_flops.proof.published.collection import printed_figures; printed_figures();"
        "print({'torch', 'numpy', 'timm', 'torchvision', 'yaml', 'pandas'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"


def test_the_command_lists_sources_and_rows() -> None:
    done = CliRunner().invoke(main, ["published", "--format", "json"])
    listed = {row["source"]: row for row in answered(done.stdout, "published")["rows"]}
    assert set(listed) == set(sources())
    counted = [listed["mmpretrain"][key] for key in ("rows", "params", "operations", "activations")]
    assert counted == [548, 548, 523, 0]
    done = CliRunner().invoke(main, ["published", "--source", "res2net", "--format", "json"])
    result = answered(done.stdout, "published")
    assert result["source"] == "github.com/Res2Net/Res2Net-PretrainedModels, 219c8c6d0b66b98404020162f12aa8094299ed02"
    assert len(result["rows"]) == 12
    assert result["rows"][0] == {
        "model": "Res2Net-50-48w-2s",
        "built_as": "timm:res2net50_48w_2s",
        "resolution": None,
        "params": "25.29M",
        "params_is": "parameters",
        "operations": "4.2 G",
        "operations_is": "multiply-adds",
        "accuracy": "22.68",
        "where": "README.md:49",
    }


def test_an_error_is_told_beside_its_figure() -> None:
    done = CliRunner().invoke(main, ["published", "--source", "mmpretrain", "--format", "json"])
    rows = {row["where"]: row for row in answered(done.stdout, "published")["rows"]}
    swapped = rows["configs/regnet/metafile.yml:58"]
    assert swapped["params_is"].startswith("an error: Parameters and FLOPs stand in each other's place")
    assert swapped["operations_is"] == swapped["params_is"]


ERRATA = [(erratum, row) for erratum in published("errata")["errata"] for row in erratum["rows"]]


@pytest.mark.parametrize(("erratum", "row"), ERRATA, ids=lambda value: value.get("model", ""))
def test_an_erratum_is_of_a_printed_row(erratum: dict[str, Any], row: dict[str, Any]) -> None:
    assert erratum["kind"] in {"error", "reading"}
    for name, text in row["printed"].items():
        (value,) = {
            figure.value
            for figure in printed(erratum["source"], row["where"])
            if (figure.model, figure.figure, figure.text) == (row["model"], name, text)
        }
        if erratum["kind"] == "error":  # no exact figure is the printed one
            exact = [figure for key, figure in row["exact"].items() if (key == "params") == (name == "params")]
            assert exact
            assert not any(agreement(value, figure).holds for figure in exact)


def test_readings_are_met_by_arithmetic() -> None:
    by_claim = {erratum["claim"]: erratum["rows"] for erratum in published("errata")["errata"]}
    (hrnet,) = (rows for claim, rows in by_claim.items() if "2^30" in claim)
    for row in hrnet:
        assert agreement(Decimal(row["printed"]["operations"]), Decimal(row["exact"]["macs"]) / 2**30).holds
    (mobilenet,) = (rows for claim, rows in by_claim.items() if "without batch norm" in claim)
    for row in mobilenet:  # weights, and a bias for each of 1000 classes
        assert agreement(Decimal(row["printed"]["params"] + "e6"), row["exact"]["weights"] + 1000).holds


@pytest.mark.slow
@pytest.mark.parametrize(("erratum", "row"), ERRATA, ids=lambda value: value.get("model", ""))
def test_the_command_of_an_erratum_counts_the_exact_figure(erratum: dict[str, Any], row: dict[str, Any]) -> None:
    _, *call = shlex.split(row["command"])
    done = CliRunner().invoke(main, [*call, "--format", "json"])
    result = answered(done.stdout, "count")
    figures = result | result["conventions"]
    assert {name: figures[name] for name in row["exact"]} == row["exact"]


@pytest.mark.slow
def test_every_model_is_known() -> None:
    for text in {figure.built_as for figure in printed_figures()} - {""}:
        lookup.model(text)
