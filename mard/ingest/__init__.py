"""A DrugBank release and its optional side files, streamed into tables."""
