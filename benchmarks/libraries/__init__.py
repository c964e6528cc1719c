"""The programs that are measured: each uses one library as its own guide says."""
