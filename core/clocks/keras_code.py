"""A network that reads clocks as plain Keras: the lines that one would write for it by hand. Pure text.

``report_networks`` and ``networks`` build the same networks from the same specs; tests run these texts and compare.
"""

from core.clocks.face import POINTS
from core.clocks.forms import FORMS
from core.clocks.report_losses import LOSSES, OURS, as_code
from core.clocks.time import MINUTES
from core.keras_code import call, head, output_dtype, sequential, training_lines
from core.specs import ReaderSpec, ReportNetSpec, TrainSpec

SIDE = 150
SAME = '"same"'
HANDS = "sine and cosine of the hour hand's angle, then of the minute's"
LABELS = {  # head -> what y holds
    "hours": "hours past 12, float32 (n, 1) in [0, 12)",
    "hours-rounded": "hours past 12 to three decimals, float32 (n, 1) in [0, 12)",
    "sine-cosine-as-published": f"{HANDS}, minute x pi / 3, float32 (n, 4)",
    "sine-cosine": f"{HANDS}, minute x pi / 30, float32 (n, 4)",
    "classes-24": "one-hot classes of half an hour from 12:00 on, float32 (n, 24)",
    "classes-720": "one-hot classes of a minute from 12:00 on, float32 (n, 720)",
    "hour-and-fraction": "a dict of hour, one-hot (n, 12) with 12 first, and minute, its share of the hour (n, 1)",
    "hour-and-minute": "a dict of hour, one-hot (n, 12) with 12 first, and minute, 0 to 59 (n, 1)",
    "hour-and-pair": "a dict of hour, one-hot (n, 12) with 12 first, and minute, one-hot (n, 30), two minutes each",
}
FASTER = (
    "Here batch norm and dropout run in faster primitives; at the end of training",
    "batch norm's statistics are taken anew from thousands of pictures.",
)


def keras_code(spec: ReportNetSpec, training: TrainSpec, loss: str, gamma: float = 1.0) -> str:
    """The text for a network of the reports: imports, network, ``compile`` and ``fit``.

    loss: a key of ``LOSSES``, as a card's ``extra["loss"]``. gamma: what pictures are raised to first. ``ValueError`` for a
    head or a loss that there is not.
    """
    if spec.head not in FORMS or loss not in LOSSES:
        raise ValueError(f"no network of the reports has the head {spec.head!r} and the loss {loss!r}")
    raised = f", raised to gamma {gamma:g}" if gamma != 1 else ""
    comments = [
        f"x: pictures of clocks, float32 (n, {SIDE}, {SIDE}, 1) in [0, 1]{raised}",
        f"y: {LABELS[spec.head]}",
        *FASTER,
    ]
    lines = head(training, comments)
    losses, metrics = map(as_code, LOSSES[loss])
    own = [name for name in OURS if name in losses + metrics]
    if own:
        lines.insert(2, f"from core.clocks.losses import {', '.join(own)}")
    outputs = {
        name: call("layers.Dense", units, activation=f'"{activation}"', **output_dtype(training))
        for name, (units, activation) in FORMS[spec.head].outputs.items()
    }
    if len(outputs) == 1:
        stack = _stack_22(spec.dropout) if spec.year == "2022" else _stack_23(spec.head)
        lines += sequential((SIDE, SIDE, 1), [*stack, *outputs.values()])
    elif spec.year == "2022":
        lines += _heads_22(spec, outputs)
    else:
        lines += _branches_23(outputs)
    return "\n".join([*lines, "", *training_lines(training, losses, metrics)]) + "\n"


def _stack_22(dropout: float) -> list[str]:
    stack = []
    for filters in (32, 64, 128):
        stack += [f'layers.Conv2D({filters}, 3, activation="relu")', "layers.MaxPooling2D(2)"]
        stack += ["layers.BatchNormalization()", f"layers.Dropout({dropout:g})"]
    return [*stack, "layers.Flatten()", *(f'layers.Dense({units}, activation="relu")' for units in (256, 128))]


def _stack_23(head: str) -> list[str]:
    stack = []
    for filters, pool in ((16, 3), (32, 2), (32, 2)):
        stack += [f'layers.Conv2D({filters}, 3, padding="same")', "layers.ReLU()", "layers.BatchNormalization()"]
        stack += [f"layers.MaxPooling2D({pool})", "layers.Dropout(0.25)"]
    stack.append("layers.Flatten()")
    for units, dropout in [(128, 0.5)] if head.startswith("hours") else [(144, 0.25), (60, 0.25)]:
        stack += [f"layers.Dense({units})", "layers.ReLU()", "layers.BatchNormalization()", f"layers.Dropout({dropout})"]
    return stack


def _heads_22(spec: ReportNetSpec, outputs: dict[str, str]) -> list[str]:
    """2022's trunk with two heads; ``split``: each with a dense stack of its own, the minute's half as wide."""
    lines = [
        f"inputs = keras.Input(({SIDE}, {SIDE}, 1))",
        "x = inputs",
        "for filters in (32, 64, 128):",
        '    x = layers.Conv2D(filters, 3, activation="relu")(x)',
        "    x = layers.BatchNormalization()(layers.MaxPooling2D(2)(x))",
        f"    x = layers.Dropout({spec.dropout:g})(x)",
        "x = layers.Flatten()(x)",
    ]
    stacks = {name: (256 >> place, 128 >> place) for place, name in enumerate(outputs)} if spec.split else {"x": (256, 128)}
    for name, (first, second) in stacks.items():
        lines.append(f'{name} = layers.Dense({first}, activation="relu")(x)')
        lines.append(f'{name} = layers.Dense({second}, activation="relu")({name})')
    return [*lines, *_model(outputs, {name: name if spec.split else "x" for name in outputs})]


def _branches_23(outputs: dict[str, str]) -> list[str]:
    """2023's two networks from one picture: one for the hour, one for the minute."""
    return [
        f"inputs = keras.Input(({SIDE}, {SIDE}, 1))",
        "hour = inputs",
        "for filters, pool in ((16, 3), (32, 2), (32, 2)):",
        '    hour = layers.ReLU()(layers.Conv2D(filters, 3, padding="same")(hour))',
        "    hour = layers.MaxPooling2D(pool)(layers.BatchNormalization()(hour))",
        "    hour = layers.Dropout(0.25)(hour)",
        "hour = layers.Flatten()(hour)",
        "for units in (144, 60):",
        "    hour = layers.BatchNormalization()(layers.ReLU()(layers.Dense(units)(hour)))",
        "    hour = layers.Dropout(0.25)(hour)",
        "minute = inputs",
        "for kernel in (10, 5, 5, 5):",
        '    minute = layers.ReLU()(layers.Conv2D(64, kernel, padding="same")(minute))',
        "    minute = layers.MaxPooling2D(2)(layers.BatchNormalization()(minute))",
        "minute = layers.Flatten()(minute)",
        "for units in (128, 64):",
        '    minute = layers.Dropout(0.5)(layers.Dense(units, activation="relu")(minute))',
        *_model(outputs, {name: name for name in outputs}),
    ]


def _model(outputs: dict[str, str], features: dict[str, str]) -> list[str]:
    answers = [f'    "{name}": {code}({features[name]}),' for name, code in outputs.items()]
    return ["outputs = {", *answers, "}", "model = keras.Model(inputs, outputs)"]


# --- our own readers ---------------------------------------------------------------------------------------------------


def reader_code(spec: ReaderSpec, training: TrainSpec) -> str:
    """The text for a reader of ours, as above; its expectation over maps and its losses are imported from here."""
    losses = "wild_reader_losses" if spec.readable else "reader_losses"
    lines = head(
        training,
        [
            f"x: pictures of clocks, float32 (n, {spec.side}, {spec.side}, 1) in [0, 1]",
            f"y: a dict of bins, hands, maps{', points and readable' if spec.readable else ' and points'}",
            *FASTER,
        ],
    )
    lines[2:2] = [f"from core.clocks.losses import {losses}", "from core.layers import SpatialExpectation"]
    sizes = [-(-spec.side // 2)]  # of the stem, then of each stage
    for _ in spec.widths:
        sizes.append(-(-sizes[-1] // 2))
    fine, beyond = sizes[-2], 2 * sizes[-1] - sizes[-2]
    whole, plain = output_dtype(training), {"use_bias": False, "kernel_initializer": '"he_normal"'}
    lines += [
        "def convolution(x, width, kernel=3, strides=1):",
        f"    x = {call('layers.Conv2D', 'width', 'kernel', 'strides', padding=SAME, **plain)}(x)",
        "    return layers.BatchNormalization(momentum=0.97)(x)",
        "",
        "def residual(x, width):",
        "    y = layers.ReLU()(convolution(x, width))",
        "    return layers.ReLU()(layers.Add()([x, convolution(y, width)]))",
        "",
        f"inputs = keras.Input(({spec.side}, {spec.side}, 1))",
        f"x = layers.ReLU()(convolution(inputs, {spec.stem}, kernel=5, strides=2))",
        f"for width, blocks in zip({spec.widths}, {spec.blocks}):",
        "    before = x",
        "    x = layers.ReLU()(convolution(x, width, strides=2))",
        "    for _ in range(blocks):",
        "        x = residual(x, width)",
        "# What the last stage knows and the one before sees: where hub, tips and numerals lie.",
        f"coarse = layers.Cropping2D(((0, {beyond}), (0, {beyond})))(layers.UpSampling2D(2)(x))",
        f"merged = layers.ReLU()(convolution(layers.Concatenate()([before, coarse]), {spec.neck}))",
        f"maps = {call('layers.Reshape', (fine * fine, len(POINTS)), **whole)}(layers.Conv2D({len(POINTS)}, 1)(merged))",
        f"points = {call('SpatialExpectation', fine, fine, **whole)}(maps)",
        f"x = layers.Flatten()(layers.ReLU()(convolution(x, {spec.neck}, kernel=1)))",
        f"x = layers.Concatenate()([layers.Dropout({spec.dropout:g})(x), points])",
        "for _ in range(2):",
        f"    x = {call('layers.Dense', spec.hidden, **plain)}(x)",
        "    x = layers.ReLU()(layers.BatchNormalization(momentum=0.97)(x))",
        "outputs = {",
        *(
            f'    "{name}": {call("layers.Dense", units, **whole)}(x),'
            for name, units in (("bins", MINUTES), ("hands", 4), *([("readable", 1)] if spec.readable else []))
        ),
        '    "maps": maps,',
        '    "points": points,',
        "}",
        "model = keras.Model(inputs, outputs)",
        "",
        f"losses, weights, metrics = {losses}()",
    ]
    return "\n".join([*lines, *training_lines(training, "losses", "metrics", "weights")]) + "\n"
