"""What programs can be told: options, defined once, given in three ways.

An option is a field of a class of options (``geartrain.server.options.Options``). From
this one definition follow its flag, its environment variable, its key in
``geartrain.toml``, its lines in the help and in ``docs/configuration.md``, and its line
in what ``--show-config`` prints.

pydantic-settings would read variables and files, too. It is not used: to import it
takes as long as all the rest of the job server (0.2 s), it makes no click flags, and
its errors name neither the line of a file nor the nearest right name.
"""
