"""The portal as a WSGI application. Networks never load here: only a worker runs them."""

import gc
import os
from typing import Final

from django.core.wsgi import get_wsgi_application

NEW_OBJECTS: Final = 50_000
"""Python looks for garbage after so many new objects (700 by itself): a page makes about as many, nearly all of which
end with their last reference, and a search in the midst of it is what its slowest answers waited for."""

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

application = get_wsgi_application()

gc.collect()
gc.freeze()  # what is loaded now stays: it need not be looked through again
gc.set_threshold(NEW_OBJECTS, 20, 50)
