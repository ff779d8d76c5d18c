"""What the variants are called, in the order of the papers."""

NAMES = {
    "gan": "GAN",
    "gan-saturating": "GAN (saturating)",
    "dcgan": "DCGAN",
    "cgan": "CGAN",
    "catgan": "catGAN",
    "catgan-100": "catGAN (100 labels)",
    "sgan": "SGAN",
    "lsgan": "LSGAN",
    "lsgan-pearson": "LSGAN (Pearson)",
    "wgan": "WGAN (clipped)",
    "wgan-gp": "WGAN-GP",
    "dragan": "DRAGAN",
    "ebgan": "EBGAN",
    "ebgan-pt": "EBGAN-PT",
    "began": "BEGAN",
    "acgan": "ACGAN",
}
PICTURES_ONLY = ("dcgan", "catgan-100")  # a plane has no convolutions, and there a label costs nothing
RACERS = {variant: name for variant, name in NAMES.items() if variant not in PICTURES_ONLY}
