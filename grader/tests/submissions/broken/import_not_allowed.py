# 1.1
import numpy as np
import torch


def softmax(x, axis=-1):
    return torch.softmax(torch.tensor(x), dim=axis).numpy()
