// hx-swap-oob="morph" changes what is inside an element instead of exchanging it: a press that has begun on a link still
// ends on the same link, and the focus and loaded pictures stay. For parts that answers bring along.

import htmx from "htmx.org";
import { Idiomorph } from "idiomorph";

htmx.defineExtension("morph", {
  isInlineSwap: () => false,
  handleSwap(style, target, fragment) {
    if (style !== "morph") return false;
    return Idiomorph.morph(target, [...fragment.children], { morphStyle: "innerHTML" });
  },
});
