"""Known networks for images, with torchvision's names, layers and initial weights: torchvision.models.

All are called with images (N, 3, H, W), floats, and give scores (N, num_classes), in torchvision's numbers from the
seed on.  num_classes: how many classes; dropout: the share of what is dropped before the last layers in training.
Their trained weights are files of the web, which minigrad does not bring; `minigrad.vision.models.weights` says how to
load one.  https://docs.pytorch.org/vision/stable/models.html
"""

from typing import Any

from minigrad.on_use import found, names_in

LATER = {
    "minigrad.vision.models.alex": "AlexNet AlexNet_Weights alexnet",
    "minigrad.vision.models.densenet": (
        "DenseNet DenseNet121_Weights DenseNet161_Weights DenseNet169_Weights DenseNet201_Weights densenet121 "
        "densenet161 densenet169 densenet201"
    ),
    "minigrad.vision.models.mobilenet": "MobileNetV2 MobileNet_V2_Weights mobilenet_v2",
    "minigrad.vision.models.resnet": (
        "ResNeXt101_32X8D_Weights ResNeXt101_64X4D_Weights ResNeXt50_32X4D_Weights ResNet ResNet101_Weights "
        "ResNet152_Weights ResNet18_Weights ResNet34_Weights ResNet50_Weights Wide_ResNet101_2_Weights "
        "Wide_ResNet50_2_Weights resnet101 resnet152 resnet18 resnet34 resnet50 resnext101_32x8d resnext101_64x4d "
        "resnext50_32x4d wide_resnet101_2 wide_resnet50_2"
    ),
    "minigrad.vision.models.squeezenet": (
        "SqueezeNet SqueezeNet1_0_Weights SqueezeNet1_1_Weights squeezenet1_0 squeezenet1_1"
    ),
    "minigrad.vision.models.vgg": (
        "VGG VGG11_BN_Weights VGG11_Weights VGG13_BN_Weights VGG13_Weights VGG16_BN_Weights VGG16_Weights "
        "VGG19_BN_Weights VGG19_Weights vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn"
    ),
    "minigrad.vision.models.weights": "Weights WeightsEnum",
    "minigrad.vision.models.by_name": "get_model get_model_builder get_model_weights get_weight list_models",
}
"""The networks and what belongs to them, by their modules, which are imported when one is first used."""

__all__ = names_in(LATER)


def __getattr__(name: str) -> Any:
    return found(__name__, LATER, name)
