"""Projects: a folder, a manifest, members, one shared server, and what comes out of it.

Owns the words *project*, *manifest* (``project.yaml``, the truth about a project), *member* (an
account with a role), *work* (the folder that the shared server writes), *template*, *history*,
*comment* and *publication*. The hub and the pages follow the manifest.
"""
