"""The app's tabs, in their order. A tab is a module with TITLE, ID and build(tabs)."""

from demos import draw, fgan, gans, home, infogan, matching, pix2pix, vqa

TABS = [home, draw, pix2pix, gans, infogan, fgan, vqa, matching]
