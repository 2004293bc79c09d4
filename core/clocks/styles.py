"""Styles of clocks, as data. ``report`` imitates the pictures that both course reports were trained on."""

from dataclasses import replace

from core.clocks.style_specs import BezelSpec, CameraSpec, ClockStyle, HandSpec, LightSpec, NumeralSpec, TickSpec

REPORT = ClockStyle(
    name="report",
    title="The course's clock, turned any way",
    numerals=NumeralSpec(),
    hour_ticks=TickSpec(inner=0.868, outer=0.957, width=0.027, grey=66),
    minute_ticks=TickSpec(inner=0.9, outer=0.925, width=0.025, grey=120, dots=True),
    hour_hand=HandSpec(length=0.65, width=0.072, tail=0.075, grey=(42.0, 104.0)),
    minute_hand=HandSpec(length=0.78, width=0.062, tail=0.085, grey=(42.0, 104.0)),
    bezel=BezelSpec(
        profile=((1.165, -0.13), (1.185, -0.05), (1.155, 0.05), (1.1, 0.075), (1.05, 0.06), (1.015, 0.03), (1.0, 0.0)),
        grey=(62.0, 102.0),
        occlusion=(0.85, 1.0, 1.08, 0.9, 0.65, 0.55),
        diffuse=(0.25, 0.6),
    ),
)

# Turns in degrees of the eleven originals that we have (six of them show one minute): the rotation in the polar decomposition
# of the view that fits hub and numerals. So few cannot tell a distribution; they do say that dials did not lie evenly. Each
# turn stands for a band of 30 degrees: two thirds of the dials drawn lie between -111 and -31, a quarter between 40 and 139.
AS_FOUND = replace(
    REPORT,
    name="report-as-found",
    title="The course's clock, turned as its originals",
    camera=CameraSpec(turns=(-96.0, -73.0, -72.0, -56.0, -52.0, -50.0, -46.0, -46.0, 55.0, 71.0, 124.0)),
)

STRAIGHT = replace(
    REPORT,
    name="report-straight",
    title="The same clock, seen straight on, without reflections",
    camera=CameraSpec(roll=(0.0, 0.0), tilt=(0.0, 0.0), radius=(0.4, 0.4), offset=(0.0, 0.0)),
    light=LightSpec(reflection=0.0, gradient=(0.02, 0.04), gain=(1.05, 1.05), lift=(0.0, 0.0), noise=(0.8, 1.0)),
)

STYLES: dict[str, ClockStyle] = {style.name: style for style in (AS_FOUND, REPORT, STRAIGHT)}
