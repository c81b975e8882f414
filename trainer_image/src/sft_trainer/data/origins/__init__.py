"""Where rows come from: each origin lists its files and brings them to the disk, one at a time."""
