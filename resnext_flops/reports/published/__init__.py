"""What the figures of the published set are: the program behind `make published`.

`python -m resnext_flops.reports.published FOLDER` counts every model of the set in the forms that a figure may be of
(half an hour on two cores), estimates the weights of hypotheses on one half of the set, explains every figure, and
prints how many figures, and how many shuffled ones, are explained on the other half. FOLDER keeps what was counted: a
run that is stopped goes on from there.
"""
