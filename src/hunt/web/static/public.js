// The script of pages for people who are not logged in: times, countdowns and the theme.

import { drawCountdowns, eachSecond, localise, setClock, startKickoff } from "./clock.js";
import { startThemes } from "./themes.js";

setClock(document.body.dataset.now ?? "");
startThemes();
localise(document);
const lookAtKickoff = startKickoff();
eachSecond(() => {
  drawCountdowns(document);
  lookAtKickoff();
});
