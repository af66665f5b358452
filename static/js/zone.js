// Tells the portal on which wall clock this browser's person reads times; a page that was written for another one
// ([data-zone]) is loaded once more.

const COOKIE = "trichora_zone";
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const known = document.cookie.split("; ").find((part) => part.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);

if (zone && known !== zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${COOKIE}=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  const kept = document.cookie.includes(`${COOKIE}=${zone}`);
  const shown = document.querySelector("[data-zone]")?.dataset.zone;
  if (kept && shown && shown !== zone) location.reload();
}
