"""Registration of two photographs of one view: where what one shows lies in the other, or why that cannot be said."""

from vision.registration.overview import register
from vision.registration.types import ComparisonReason, Method, NotComparable, Refinement, Registration

__all__ = ["ComparisonReason", "Method", "NotComparable", "Refinement", "Registration", "register"]
