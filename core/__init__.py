"""Latent O'Clock without its pages: everything here works from a notebook and never imports Streamlit.

The room map. A room imports only from rooms above it; ``tests/test_imports.py`` holds that.

    specs                    frozen dataclasses: the only configuration
    paths                    where assets, caches and data lie
    tables                   rows of results -> CSV
    progress                 progress on the terminal
    images                   picture bytes -> checked array; grey, gamma, square
    sheets                   pictures -> thumbnails and one sheet of frames
    layers                   Keras layers of our own
    clocks.time              ClockTime, hand angles, the common-sense error, every label form
    clocks.fonts             typefaces -> an atlas of numerals that renders alike everywhere
    clocks.camera            a pinhole camera above a dial
    clocks.dial              flat textures: dial, wood
    clocks.styles            styles of clocks, as data
    clocks.face              a time and a style -> a picture with its truth
    clocks.fit               points in a picture -> the dial that fits them, and how well
    clocks.benchmark         the 18,000 pictures of the reports, made again from a seed
    clocks.augment           variations of pictures for training
    clocks.forms             label forms: targets for a network, and the way back to a time
    clocks.losses            losses of the clock networks, each standing once
    clocks.measures          every figure that the reports print
    clocks.lesson            what each measure and loss makes of one pair of times
    clocks.networks          specs -> uncompiled readers
    clocks.report_networks   the reports' networks, to the last parameter
    devices                  where we run, and with what
    packing                  a .keras file made small
    registry                 model cards; save_trained, load_trained
    checkpoints              the whole state of a run in one file
    optimizers               a TrainSpec -> an optimiser with its schedule
    training                 train(model, data, spec): resumable, any Keras backend
    recipes                  everything that makes one stored model
    clocks.reading           pictures -> Readings
    clocks.evaluation        how well stored models read: one ruler for all
    clocks.recipes           how the reader is trained
    clocks.report_recipes    how the reports' twelve systems are trained
    catalogue                every recipe, and which to run next
    bench                    our way against the plain way, as ratios
    figures                  results -> plotly figures, styled in one place
    comparison               every clock model side by side: results on disk -> tidy arrays
    clock_figures            the comparison and the lesson -> plotly figures
    __main__                 the command line

Keras and TensorFlow are imported when first used, by ``layers``, ``losses``, ``networks`` at once and by all others inside
functions.
"""

__version__ = "0.1.0"
