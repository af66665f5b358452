// Conversations, consultations and the guide.

import "./polling.js";
import "./print.js";
import "./replies.js";
import "./zone.js";
