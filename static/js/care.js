// Conversations and consultations.

import "./polling.js";
import "./replies.js";
import "./zone.js";
