"""The libraries' models in one file of data, and the page that is rendered from it: `make audit`.

`python -m resnext_flops.reports.zoo DATA PAGE` counts all models, and writes the data (JSON, a line a model, sorted by
name) and the page (markdown). Each model is counted in a worker process. A run that is stopped keeps its rows beside
the data, and the next one goes on from there. With MODEL... behind it, the rows of these models alone are made anew.
"""
