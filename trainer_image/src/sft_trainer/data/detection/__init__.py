"""What a file is, found out from its content: container, encoding, layout. Its name is not believed."""
