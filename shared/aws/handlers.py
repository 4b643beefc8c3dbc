"""The handler of every role on Lambda, `shared.aws.handlers.handle`; ROLE says which one it is.

Importing it starts the role, while Lambda initialises the environment.
"""

from shared.aws.runtime import Runtime, role_of_environment

handle = Runtime(role_of_environment()).handle
