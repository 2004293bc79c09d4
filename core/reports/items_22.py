"""Report 2022 in its order: tables 1-9, figures 1-9, and the passages with numbers or claims that are checked here."""

from core.reports.items import (
    ClockCurves,
    ClockFigures,
    Item,
    Layers,
    Link,
    Made,
    Runs,
    Trained,
    compared,
    lesson,
    stored_study,
    walk,
)

CURVES = {"curve": "What it is judged by"}
OPTIMUM = "U(±0.05), tanh, SGD, L2 + dropout"
ITEMS = (
    Item(
        "2022",
        "table",
        "1",
        "Sixteen settings by orthogonal design",
        "Sixteen of 256 settings, in which every two levels meet once: what one factor does shows, what several do together "
        "hides in it. Judge by accuracy or by the cross-entropy without penalty.",
        (Runs("l16-mlp", lead=OPTIMUM), Runs("l16-cnn", lead=OPTIMUM)),
        stored_study("l16-mlp"),
        doubts=(
            "The losses include the penalty on the weights: rows with L1 and with L2 cannot be compared by loss.",
            "In the row Zeros, relu, SGD, L2 the MLP's train and test loss belong to different columns (27.205 against 2.428).",
            "The report names the levels of its best single run as those with the smallest mean loss; the means of its table "
            "choose others, but for tanh of the MLPs and SGD of the CNNs.",
        ),
    ),
    Item(
        "2022",
        "figure",
        "1",
        "Two architectures at three learning rates",
        "A rate is best for a budget of epochs: in twenty, all that is printed of 0.003 lies below the same at 0.001.",
        (Runs("architectures", doubts=False),),
        stored_study("architectures"),
        printed="Learning curves as a picture, without numbers; Table 2 prints six of their last losses.",
    ),
    Item(
        "2022",
        "table",
        "2",
        "The same models on Fashion-MNIST and on CIFAR-10",
        "What is best on one data set need not be on another, and losses of two data sets say little side by side.",
        (
            Runs("architectures", shown=6, doubts=False),
            Runs("cifar-transfer-22", shown=6, best="cifar10-best", doubts=False),
        ),
        stored_study("cifar-transfer-22"),
        doubts=("The table says MINST for Fashion-MNIST.",),
    ),
    Item(
        "2022",
        "figure",
        "2",
        "Gamma enhancement",
        "Gamma above 1 darkens the middle tones: hands and numerals stand out from a light face, and from its reflections.",
        link=Link(
            "tell_the_time",
            "Move gamma on a clock",
            (("tab", "Read a picture"), ("from", "Samples"), ("sample", "10_08-report"), ("gamma", "3.0")),
        ),
        printed="One clock at gamma 1 to 3, as pictures; gamma 3 from then on.",
    ),
    Item(
        "2022",
        "table",
        "3",
        "The clock network",
        "Of 9.60 million parameters 9.47 stand in one Dense layer behind the flattening; the convolutions have 1 %. Each "
        "unit behind it sums 36,992 inputs: Adam's first steps at 0.001 can leave them dead, so ours warm up for an epoch. "
        "Those of the 720 classes died all the same.",
        (Layers("Table 3", (150, 150, 1), model="report22-regression"),),
        compared("See what it reads", "report22-regression"),
    ),
    Item(
        "2022",
        "table",
        "4",
        "Regression with and without gamma",
        "One number of hours has an edge at 12: 0:05 read as 11:55 counts as almost twelve hours. A mean error of two hours "
        "says little before the common-sense error is beside it.",
        (ClockFigures("Table 4"), ClockCurves("Table 4")),
        compared("See both side by side", "report22-regression", "report22-regression-no-gamma", errors="Shares within"),
        doubts=(
            "The custom MAE of listing 1 wraps one way only: a prediction above the truth across 12 is not wrapped. Corrected: "
            "the smaller of both ways.",
        ),
    ),
    Item(
        "2022",
        "figure",
        "3",
        "Learning curves of the regression",
        "The custom MAE jumps more than the loss: it charges a steep penalty for answers outside 0 to 12.",
        (Trained(("report22-regression", "report22-regression-no-gamma")),),
        compared("See the curves", "report22-regression", "report22-regression-no-gamma", **CURVES),
        printed="Curves as a picture, without numbers.",
    ),
    Item(
        "2022",
        "table",
        "5",
        "Label transformation: sines and cosines",
        "On a circle nothing has an edge, as long as every minute has a label of its own.",
        (ClockFigures("Table 5"), ClockCurves("Table 5")),
        lesson("See two minutes with one label", "10:02", "10:08"),
        doubts=(
            "The label of listing 2 is minute x pi/3: it repeats every 6 minutes, so that every minute shares its half of the "
            "label with nine others. Corrected: minute x pi/30.",
            "The custom MSE multiplies the already summed error by the weights (a bracket stands in the wrong place), so hours "
            "are not weighted. Corrected: weigh, then sum.",
        ),
    ),
    Item(
        "2022",
        "figure",
        "4",
        "Learning curves of the label transformation",
        "As published the minute's label turns ten times an hour: it says nothing of which tenth of the hour it is, and has to "
        "be read to a fraction of a minute. The corrected one tells all 60 apart.",
        (Trained(("report22-label-transform", "report22-label-transform-corrected")),),
        compared("See both curves", "report22-label-transform", "report22-label-transform-corrected", **CURVES),
        printed="Curves as a picture, without numbers.",
    ),
    Item(
        "2022",
        "table",
        "6",
        "24 classes of half an hour",
        "A right class is still up to half an hour wide, and a wrong one may be hours off: accuracy is no error in minutes.",
        (ClockFigures("Table 6"), ClockCurves("Table 6")),
        compared("See which half hour is taken for which", "report22-classes-24", confusion="report22-classes-24"),
    ),
    Item(
        "2022",
        "figure",
        "5",
        "Learning curves of the 24 classes",
        "In print training and test accuracy end 1.6 points apart. Ours part: the same network learned our pictures by heart.",
        (Trained(("report22-classes-24",)),),
        compared("See the curves", "report22-classes-24", **CURVES),
        printed="Curves as a picture, without numbers.",
    ),
    Item(
        "2022",
        "figure",
        "6",
        "Learning curves of the 720 classes",
        "Ours answers every picture with one class: the units of its last hidden layer are dead, its loss is ln 720, that of a "
        "guess. Neither the loss nor twenty pictures a class are to blame: 2023's smaller network learns from the same.",
        (ClockFigures("Figure 6"), Trained(("report22-classes-720",))),
        compared("See the curves", "report22-classes-720", "report23-classes-720", **CURVES),
        printed="Curves as a picture; the text gives the test accuracy.",
        doubts=("0.00055 of 3,600 pictures are 2; guessing gets 5 right.",),
    ),
    Item(
        "2022",
        "figure",
        "7",
        "Learning curves of the multi-head model",
        "Two losses are added as they are: the one whose gradient is longer at the layers that they share leads, whatever its "
        "value.",
        (Trained(("report22-multi-head",)),),
        compared("See the curves", "report22-multi-head", **CURVES),
        printed="Curves as a picture, without numbers.",
    ),
    Item(
        "2022",
        "table",
        "7",
        "Multi-head: the hour as a class, the minute as a number",
        "Each head has an easy task; near the full hour they can disagree, and the answer is then an hour off.",
        (ClockFigures("Table 7"), ClockCurves("Table 7")),
        lesson("See what both heads are charged near the hour", "02:58", "03:02"),
        doubts=(
            "The losses printed as the whole are no weighted sum of the heads' losses: no two positive weights give both "
            "0.7760 and 0.8277.",
        ),
    ),
    Item(
        "2022",
        "table",
        "8",
        "One ruler for three models",
        "One ruler for all is right; this one has both faults of Table 5. The common-sense error in minutes is what we compare "
        "by.",
        (ClockFigures("Table 8"),),
        compared("See all on one ruler", "report22-regression", "report22-label-transform", "report22-multi-head", at="ruler"),
        doubts=(
            "Labels and loss are those of listing 2, with the angle that repeats every 6 minutes and the misplaced bracket.",
            "The listing sums over a batch, so that its value grows with the batch, whose size is not told. Table 5 prints "
            "2.0738 for the label transformation by the same listing.",
            "0.0942 can hardly be: minutes that are off by 6.2 in the mean (Table 7) are little better than chance under a "
            "label that repeats every 6.",
        ),
    ),
    Item(
        "2022",
        "text",
        "3.6",
        "Two classification heads; a dense stack for each head",
        "A claim without a figure cannot be checked: both are trained here, so that it can.",
        (ClockFigures("section 3.6"), Trained(("report22-two-classifiers", "report22-split-heads"))),
        compared(
            "See them beside the multi-head model", "report22-multi-head", "report22-two-classifiers", "report22-split-heads"
        ),
        printed="Both worse than the multi-head model; no number.",
    ),
    Item(
        "2022",
        "figure",
        "8",
        "Faces from the VAE",
        "An error of pixels is smallest for the mean of all that might be there, and means are blurred.",
        (Made(("vae-faces",), "vae-faces-best"),),
        walk("Walk between faces", "vae-faces"),
        printed="Random faces as pictures: hair and eyes vary, all is blurred.",
    ),
    Item(
        "2022",
        "figure",
        "9",
        "Faces from the GAN: a path, and nine at random",
        "A discriminator asks for edges, so there are some. A straight path passes through vectors too short to have been "
        "learned.",
        (Made(("gan-faces",), "gan-faces-best"),),
        walk("Walk between faces", "gan-faces", path="Straight"),
        printed="An interpolation between two latent vectors, and nine random faces, as pictures.",
        doubts=(
            "Points half way between two normal vectors have about 0.71 of their length: a spherical path stays where the "
            "model was trained.",
        ),
    ),
    Item(
        "2022",
        "text",
        "4.3",
        "VAE against GAN",
        "Speed and sharpness can be measured, and so can learning by heart: look at the nearest training pictures.",
        (Made(("vae-faces", "gan-faces"), "gan-faces-best"),),
        walk("See both on one walk", "vae-faces", "gan-faces"),
        printed="The VAE trains faster and is blurred; the GAN is sharper and changes more along the path. No number.",
        doubts=(
            "That a VAE 'may just memorize the existing images' is claimed and not shown: nearest training pictures stand "
            "under 'How they learned'.",
        ),
    ),
    Item(
        "2022",
        "table",
        "9",
        "The networks, layer by layer",
        "Parameters can be counted by hand: a kernel's pixels times channels in, plus one for the bias; all that times "
        "channels out.",
        (
            Layers("Table 9", (28, 28, 1), "a: CNN", architecture="cnn-22-basic"),
            Layers("Table 9", (784,), "b: MLP", architecture="mlp-22-basic"),
            Layers("Table 9", (28, 28, 1), "c: custom CNN", architecture="cnn-22-custom"),
            Layers("Table 9", (784,), "d: custom MLP", architecture="mlp-22-custom"),
            Layers("Table 9", (150, 150, 1), "e: multi-head", model="report22-multi-head"),
        ),
        Link("compare_training", "Train one of them", (("part", "Train now"), ("live-net", "cnn-22-basic"))),
        doubts=("The first layer of both CNNs is printed with 21,952 parameters; it has 320.",),
    ),
)
