"""The open instruction sets that people name: where each lies, what its rows look like, what is known of it and from where."""
