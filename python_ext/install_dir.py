"""install_dir.py PREFIX: where under PREFIX this Python finds packages, relative to PREFIX.

Nothing is printed, and 1 returned, if it looks nowhere there.
"""

import os
import site
import sys

prefix = os.path.realpath(sys.argv[1])
places = site.getsitepackages()
if site.check_enableusersite():
    places.append(site.getusersitepackages())
for place in places:
    relative = os.path.relpath(os.path.realpath(place), prefix)
    # lib/python3.11/dist-packages and its likes. Not local/lib/… under /usr, which is not for
    # packages of the system; and INSTALL_RPATH counts on three.
    if relative.startswith("lib") and relative.count(os.sep) == 2:
        print(relative)
        sys.exit()
sys.exit(1)
