"""Files of the catalog that participation needs: what people say, and the communes it lies in."""

DATASETS = (
    "territory/commune-boundaries.yaml",
    "territory/communes.yaml",
    "territory/communes.csv",
    "government/contributions.yaml",
    "government/published-figures.csv",
    "government/published-figures.yaml",
    "government/service-requests.yaml",
)
