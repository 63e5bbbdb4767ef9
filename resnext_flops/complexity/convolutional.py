"""The networks that residual networks are compared with, as public families: loaded when one of them is asked for."""

from resnext_flops.complexity.families import alexnet as alexnet_family
from resnext_flops.complexity.families import googlenet as googlenet_family
from resnext_flops.complexity.families import inception as inception_family
from resnext_flops.complexity.families import inception_resnet as inception_resnet_family
from resnext_flops.complexity.families import vgg as vgg_family
from resnext_flops.complexity.network import family

alexnet = family(alexnet_family.alexnet)
vgg = family(vgg_family.vgg)
googlenet = family(googlenet_family.googlenet)
inception_v3 = family(inception_family.inception_v3)
inception_v4 = family(inception_family.inception_v4)
inception_resnet_v2 = family(inception_resnet_family.inception_resnet_v2)
