"""Latent O'Clock without its pages: everything here works from a notebook and never imports Streamlit.

The room map (imports run from the top of this list downwards only to what stands above):

    specs         frozen dataclasses: the only configuration
    images        picture bytes -> checked array; grey, square, gamma
    paths         where assets, caches and data lie
    clocks.time   ClockTime, hand angles, the common-sense error, every label form
    clocks.fonts  typefaces -> an atlas of numerals that renders alike everywhere
    clocks.face   a time and a ClockStyle -> a picture with its truth
    clocks.benchmark  the 18,000 pictures of the reports, made again from a seed
    clocks.losses     losses of the clock networks, each standing once
    clocks.networks   specs -> uncompiled keras models
    training      train(model, data, spec): resumable, any Keras backend
    registry      model cards; save_trained, load_trained
    clocks.reading    pictures -> Readings
    clocks.evaluation, clocks.recipes  the tables of figures; how each stored model was trained
    bench         our way against the plain way
    figures       results -> plotly figures, styled in one place
    __main__      the command line

TensorFlow is imported by ``training``, ``registry`` and what stands below them only when first used.
"""

__version__ = "0.1.0"
