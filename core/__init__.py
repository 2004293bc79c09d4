"""Latent O'Clock without its pages: everything here works from a notebook and never imports Streamlit.

The room map. A room imports only from rooms above it; ``tests/test_imports.py`` holds that.

    specs                    frozen dataclasses: the only configuration
    paths                    where assets, caches and data lie
    written                  how numbers are written: 12.5 %, −3
    kept_arrays              arrays that take long to make, kept on disk
    tables                   rows of results -> CSV
    progress                 progress on the terminal
    resident_data            training data that lies in the memory of a GPU whole
    batches                  what networks learn from, batch by batch, and how steps are made of it
    picture_decoding         bytes of a PNG, JPEG or WebP -> pixels, or a sentence that says what is wrong with them
    heif                     bytes of a HEIC photograph -> pixels; what its boxes say is judged first
    images                   a picture's file or bytes -> checked array; grey, tones, gamma, square
    picture_files            a folder or a zip of pictures -> arrays
    sheets                   pictures -> thumbnails and one sheet of frames
    layers                   Keras layers of our own
    lean_layers              Keras layers and optimisers another way, for a CPU
    gradients                values with their slopes, on TensorFlow and on JAX
    clocks.time              ClockTime, hand angles, the common-sense error, every label form
    clocks.fonts             typefaces -> an atlas of numerals that renders alike everywhere
    clocks.style_specs       how clocks are drawn, as frozen dataclasses
    clocks.camera            a pinhole camera above a dial
    clocks.dial              flat textures: dial, wood
    clocks.wild_pen          dice for a scene, and a pen for polygons that a camera sees
    clocks.wild_case         outlines, rims and cases of wild clocks
    clocks.wild_numerals     numerals around wild dials
    clocks.wild_dial         what stands on a wild dial: marks, lettering, small dials
    clocks.wild_hands        hands of wild clocks
    clocks.wild_textures     what faces, walls and light look like
    clocks.wild_scene        backgrounds, light, things in the way
    clocks.wild_camera       blur, noise, JPEG and other faults of pictures
    clocks.wild              a seed -> a wild scene; a scene at a time -> a picture
    clocks.wild_blank        pictures that show no time
    clocks.styles            styles of clocks, as data
    clocks.face              a time and a style -> a picture with its truth
    clocks.fit               points in a picture -> the dial that fits them, and how well
    clocks.views             squares of a picture that a reader looks at: the whole, tiles, circles, dials laid straight
    clocks.classical         a picture -> a time by circles, edges and straight lines, without learning
    clocks.benchmark         the 18,000 pictures of the reports, made again from a seed
    clocks.hours             twelve hours as classes: a data set that needs no download
    dataset_files            where data sets lie: idx files, zips, downloads
    datasets                 data sets by name, each in three fixed parts
    clocks.augment           variations of pictures for training
    clocks.painted           faces with hands painted on: a data set, and its variations
    cards                    model cards and histories, as they are read
    clocks.doubts            what speaks against an answer, in sentences and in shares of confidence
    clocks.forms             label forms: targets for a network, and the way back to a time
    clocks.losses            losses of the clock networks, each standing once
    clocks.measures          every figure that the reports print
    clocks.lesson            what each measure and loss makes of one pair of times
    clocks.networks          specs -> uncompiled readers
    clocks.report_networks   the reports' networks, to the last parameter
    generators.specs         specs of the generators' networks and of the adversarial game
    generators.latent        vectors: dice, paths, squares, truncation
    generators.directions    directions of a latent space that mean something
    generators.data          pictures as generators learn from them
    generators.losses        losses of the generators, each standing once
    generators.augment       differentiable augmentation
    generators.networks      vector -> picture, and picture -> numbers
    generators.vae           variational autoencoders
    generators.adversarial   two networks at play, on TensorFlow and on JAX
    generators.gan           GANs, and autoencoders with a discriminator
    generators.leaf_classifier  the network that leaves are judged by
    generators.quality       how good made pictures are
    generators.inception     features of Keras's Inception, where its weights lie
    devices                  where we run, and with what
    packing                  a .keras file made small
    registry                 save_trained, load_trained
    clocks.heat              why a model reads what it reads: which pixels speak for it
    checkpoints              the whole state of a run in one file
    stopwatch                how long a run worked, pauses left out
    optimizers               a TrainSpec -> an optimiser with its schedule
    keras_code               a TrainSpec -> the lines of plain Keras that say the same
    clocks.report_losses     what the reports' networks minimise, as names, functions and code
    clocks.keras_code        a network that reads clocks -> the plain Keras that one would write for it
    classifiers.designs      the orthogonal design of 2022's hyperparameters
    classifiers.architectures  the architectures of classifiers as data; do settings fit each other?
    classifiers.networks     ClassifierSpec -> an uncompiled classifier
    classifiers.keras_code   a run of a classifier -> the plain Keras that one would write for it
    training                 train(model, data, spec): resumable, any Keras backend
    resident                 training with all pictures in the memory of a GPU, many steps a call
    classifiers.runs         one training run of a classifier, with all its figures
    trials                   a study as data: its runs, what was printed of them, what part fits a machine without a GPU
    study_effects            rows of a study -> effects, importance, ranks
    study_names              how studies, factors, levels and runs read
    study_design             how far the runs of a study can be compared
    study_caveats            what the runs of a study cannot show, a sentence each
    study_results            results of studies on disk
    classifiers.grids        a grid of five factors, seen through 49 of its settings
    classifiers.study_parts  what the reports' studies are made of
    classifiers.studies_22   the studies of 2022
    classifiers.studies_23   the studies of 2023
    classifiers.study_list   the nine studies by name, and how long they take
    study_database           the database that studies are stored in
    study_storage            trials in Optuna: none lost, none done twice
    studies                  studies by name, and what of them is open here
    sweeps                   the open trials of a study, run by any number of workers
    study_runs               the open trials of studies, one after the other on this machine
    clocks.wild_data         pictures of every kind to learn reading from, drawn ahead by many processes
    clocks.reader_data       the benchmark varied afresh, and what a reader shall say of it
    clocks.wild_pool         drawn pictures that stay on a GPU and are seen again, varied there
    snapshots                samples by epoch, kept in training
    recipes                  everything that makes one stored model
    recipe_runs              the one way to run recipes: in slices, in stages, gone on with
    generators.stored        stored generators: vectors in, pictures out
    generators.inversion     from a picture back to a vector by optimisation
    generators.walks         a walk through a latent space as a file
    generators.atlas         directions to mix along, and a map of a latent space
    generators.evaluation    how good stored generators are
    generators.recipes       how the generators are trained
    generators.own           generators of one's own pictures
    clocks.locate            finding a dial in any picture, laying it straight, reading it from several sides
    clocks.candidates        the likeliest times of a distribution
    clocks.reading           pictures -> Readings
    clocks.tips              where the hands of a Reading are drawn
    clocks.gammas            one picture under many gammas
    clocks.photographs       pictures of real clocks with known times, and how well readers read them
    clocks.evaluation        how well stored models read: one ruler for all
    classifiers.evaluation   how well stored classifiers do on their test parts
    clocks.recipes           how the reader is trained
    clocks.report_recipes    how the reports' twelve systems are trained
    classifiers.recipes      how our own classifiers are trained
    catalogue                every recipe, and which to run next
    parcels                  what was trained on another machine, in a few files
    gpu_runs                 training on a borrowed GPU within a time limit
    live_state               what is known of a run while it trains, and how long it may
    live_follower            what stands between a live run's training and its watcher: steps wait, progress is told
    live_worker              the process of one live run: it trains, tells and obeys
    live_process             that process as the server sees it: started, told things, listened to, ended
    live_turns               how live runs take turns: which has a process, which waits, which is forgotten
    live                     runs that are watched while they train: who may watch, who may steer
    first_steps              how fast recipes train of which no model is stored
    status                   where every model and study stands, and what is left
    training_pace            how fast our training loop is beside plain Keras
    training_speed           what was tried to train faster on a CPU, and what it gave
    bench                    our way against the plain way, as ratios
    figures                  the style of all plotly figures: colours, type, the looks of models
    reading_figures          Readings -> plotly figures: dials of probabilities and of errors, curves over gamma
    hall_figures             figures for the last row of a lecture hall
    comparison               every clock model side by side: results on disk -> tidy arrays
    clock_errors             errors of clock models as arrays to draw: how large, at which times, how they fell in training
    clock_figures            the comparison and the lesson -> plotly figures
    generator_figures        norms and sharpness along a walk, losses -> plotly figures
    reliability_figures      does confidence mean something: what was measured -> a plotly figure
    reports.items            what the reports print, as data: items, their sources, and links to what shows them
    reports.items_22, reports.items_23_leaves, reports.items_23  every table and figure of both reports in their order
    reports.evidence         what is known here of the reports' systems, read from disk once
    reports.clock_lines      printed figures of clocks beside ours and the best of ours
    reports.run_lines        printed runs of classifiers beside ours
    reports.network_lines    printed networks counted again, other numbers in print, generators
    reports.answers          items -> published, found here, best here, missing
    parallel                 parallel coordinates: runs -> places on axes, and which of them a brush holds
    study_axes               what all figures of studies share: looks and names of levels, axes of measures
    study_figures            rows of a study -> plotly figures
    study_pairs              two studies setting by setting, and their figure
    run_figures              learning curves and confusions of single runs -> plotly figures
    live_figures             live runs -> plotly figures, and pictures of filters
    commands                 what the commands do
    __main__                 the command line

Keras and TensorFlow are imported when first used, by ``layers``, ``losses``, ``networks`` at once and by all others inside
functions.
"""

__version__ = "0.1.0"
