"""The lake: DuckLake tables of published data, one lake per access class.

Owns the words Snapshot, Staged, Reject, RunRecord, Entry. The writer owns the working metadata in
``$DATALAB_HOME/writer`` and puts immutable copies into ``$DATALAB_HOME/lake/<class>``; readers
attach those copies read-only and never wait. Imports the catalog only.
"""
