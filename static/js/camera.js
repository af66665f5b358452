// Taking a photograph in the page: <dialog data-camera>, see docs/design-system.md.
// The rear camera at its full size, the outline of the view and the patient's own baseline over it, three lights (light,
// sharp, level), a timer with a tone for views one cannot see oneself, and the finished photograph handed to the upload
// of the page. Where there is no camera, or it is refused, the file field below does the same.

import { greyOf, lightOf, motionBetween, sharpnessOf, tiltFrom } from "./frame_checks.js";

const LOOK_EVERY_MS = 250;
const EDGE_PX = 320;
const STILL = 6; // mean change of grey between two looks
const LEVEL_DEGREES = 10;
const JPEG_QUALITY = 0.95;

class Camera {
  constructor(dialog) {
    this.dialog = dialog;
    this.find = (name) => dialog.querySelector(`[data-camera-${name}]`);
    this.video = this.find("video");
    this.form = document.querySelector("form[data-upload]");
    this.limits = { dark: Number(dialog.dataset.dark), burnt: Number(dialog.dataset.burnt), blur: Number(dialog.dataset.blur) };
    this.facing = "environment";
    this.canvas = document.createElement("canvas");
    this.onTilt = (event) => this.readTilt(event);
    this.listen();
  }

  listen() {
    this.find("shutter").addEventListener("click", () => this.countDown());
    this.find("again").addEventListener("click", () => this.aim());
    this.find("retry").addEventListener("click", () => this.start());
    this.find("use").addEventListener("click", () => this.send());
    this.find("turn").addEventListener("click", () => {
      this.facing = this.facing === "environment" ? "user" : "environment";
      this.start();
    });
    this.find("ghost-strength")?.addEventListener("input", (event) => this.setGhost(event.target.value));
    this.find("outline-switch").addEventListener("change", (event) => {
      this.find("outline").hidden = !event.target.checked;
    });
    this.dialog.addEventListener("close", () => this.stop());
    document.addEventListener("visibilitychange", () => {
      if (!this.dialog.open) return;
      if (document.hidden) this.release();
      else if (this.dialog.dataset.state !== "taken") this.start();
    });
    this.form?.addEventListener("trichora:uploaded", (event) => this.showResult(event.detail));
    this.form?.addEventListener("trichora:upload-failed", () => this.say(this.dialog.dataset.textFailed));
  }

  say(text) {
    this.find("status").textContent = text;
  }

  setState(state) {
    this.dialog.dataset.state = state;
    for (const part of this.dialog.querySelectorAll("[data-camera-when]")) {
      part.hidden = !part.dataset.cameraWhen.split(" ").includes(state);
    }
  }

  setGhost(percent) {
    const ghost = this.find("ghost");
    if (ghost) ghost.style.opacity = String(percent / 100);
  }

  async open() {
    this.dialog.showModal();
    this.setGhost(this.find("ghost-strength")?.value ?? 0);
    await this.start();
    await this.askForTilt();
  }

  /** iOS wants to be asked, and only from a press. */
  async askForTilt() {
    if (!this.dialog.dataset.pose || !("DeviceOrientationEvent" in window)) return;
    try {
      const answer = await window.DeviceOrientationEvent.requestPermission?.();
      if (answer && answer !== "granted") return;
      window.addEventListener("deviceorientation", this.onTilt);
    } catch {
      // Refused: the light for the level stays away.
    }
  }

  async start() {
    this.release();
    this.setState("starting");
    this.say("");
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: { ideal: this.facing }, width: { ideal: 4032 }, height: { ideal: 3024 } },
      });
    } catch (error) {
      this.setState("refused");
      const refused = error.name === "NotAllowedError" || error.name === "SecurityError";
      this.say(refused ? this.dialog.dataset.textRefused : this.dialog.dataset.textMissing);
      return;
    }
    if (!this.dialog.open) return void this.release();
    this.video.srcObject = this.stream;
    // A front camera is shown as a mirror, outline and baseline with it: the screen only, never what is stored.
    const facesUser = this.stream.getVideoTracks()[0].getSettings().facingMode === "user";
    this.video.parentElement.classList.toggle("is-mirrored", facesUser);
    await this.video.play().catch(() => {});
    this.aim();
  }

  aim() {
    this.forgetPicture();
    if (!this.stream) return void this.start();
    this.setState("aiming");
    this.say("");
    this.dialog.querySelector(".camera__strip [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    this.looking ??= setInterval(() => this.look(), LOOK_EVERY_MS);
    this.find("shutter").focus();
  }

  release() {
    clearInterval(this.looking);
    clearInterval(this.counting);
    this.looking = this.counting = undefined;
    this.find("count").textContent = "";
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = undefined;
    this.video.srcObject = null;
  }

  stop() {
    this.release();
    this.forgetPicture();
    window.removeEventListener("deviceorientation", this.onTilt);
    this.setState("closed");
  }

  forgetPicture() {
    if (this.preview) URL.revokeObjectURL(this.preview);
    this.preview = this.picture = undefined;
    this.find("preview").removeAttribute("src");
  }

  /** The three lights. A frame is made small before it is looked at. */
  look() {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) return;
    const scale = EDGE_PX / Math.max(videoWidth, videoHeight);
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    this.canvas.width = width;
    this.canvas.height = height;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(this.video, 0, 0, width, height);
    const grey = greyOf(context.getImageData(0, 0, width, height).data, width, height);
    const { bright, burntShare } = lightOf(grey);
    const light = bright < this.limits.dark ? "dark" : burntShare > this.limits.burnt ? "burnt" : "good";
    const moved = motionBetween(grey, this.last) > STILL;
    this.last = grey;
    const sharp = moved ? "moving" : sharpnessOf(grey) < this.limits.blur ? "blurred" : "good";
    this.show("light", light);
    this.show("sharp", sharp);
  }

  readTilt({ beta, gamma }) {
    if (beta === null || gamma === null) return;
    this.find("hint-level").hidden = false;
    this.show("level", tiltFrom(beta, gamma, this.dialog.dataset.pose) <= LEVEL_DEGREES ? "good" : "tilted");
  }

  show(hint, state) {
    const element = this.find(`hint-${hint}`);
    if (element.dataset.state === state) return;
    element.dataset.state = state;
    element.querySelector("[data-camera-words]").textContent = element.dataset[`text${state[0].toUpperCase()}${state.slice(1)}`];
  }

  countDown() {
    if (this.counting) {
      clearInterval(this.counting);
      this.counting = undefined;
      this.find("count").textContent = "";
      return;
    }
    let left = Number(this.dialog.querySelector("[name=camera-timer]:checked")?.value ?? 0);
    if (!left) return void this.take();
    const tick = () => {
      this.find("count").textContent = left ? String(left) : "";
      this.tone(left ? 660 : 990, left ? 0.12 : 0.4);
      if (!left) {
        clearInterval(this.counting);
        this.counting = undefined;
        this.take();
      }
      left -= 1;
    };
    this.counting = setInterval(tick, 1000);
    tick();
  }

  /** For views behind one's own head: what cannot be seen is heard. */
  tone(hertz, seconds) {
    const Audio = window.AudioContext;
    if (!Audio) return;
    this.audio ??= new Audio();
    const oscillator = this.audio.createOscillator();
    const volume = this.audio.createGain();
    volume.gain.value = 0.1;
    oscillator.frequency.value = hertz;
    oscillator.connect(volume).connect(this.audio.destination);
    oscillator.start();
    oscillator.stop(this.audio.currentTime + seconds);
  }

  async take() {
    const track = this.stream?.getVideoTracks()[0];
    if (!track) return;
    this.setState("taking");
    const picture = (await this.stillOf(track)) ?? (await this.frameOf());
    if (!picture) {
      this.aim();
      this.say(this.dialog.dataset.textFailed);
      return;
    }
    this.picture = picture;
    this.preview = URL.createObjectURL(picture);
    this.find("preview").src = this.preview;
    this.release();
    this.setState("taken");
    this.find("use").focus();
  }

  /** A still of the sensor's own size, where the browser can take one; the flash stays off. */
  async stillOf(track) {
    if (!("ImageCapture" in window)) return undefined;
    try {
      const capture = new window.ImageCapture(track);
      const modes = (await capture.getPhotoCapabilities()).fillLightMode ?? [];
      const still = await capture.takePhoto(modes.includes("off") ? { fillLightMode: "off" } : {});
      return still.type === "image/jpeg" ? still : undefined;
    } catch {
      return undefined;
    }
  }

  frameOf() {
    const canvas = document.createElement("canvas");
    canvas.width = this.video.videoWidth;
    canvas.height = this.video.videoHeight;
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
  }

  send() {
    const name = `${this.dialog.dataset.view.replace(/\W/g, "-")}-${Date.now()}.jpg`;
    const file = new File([this.picture], name, { type: "image/jpeg" });
    this.setState("sending");
    this.say(this.dialog.dataset.textSending);
    this.form.dispatchEvent(new CustomEvent("trichora:add-files", { detail: { files: [file] } }));
  }

  showResult(result) {
    if (!this.dialog.open || this.dialog.dataset.state !== "sending") return;
    this.setState(result.state === "accepted" ? "kept" : "poor");
    this.say(result.message);
    if (result.next) {
      const next = this.find("next"); // the second take of this view, before the next view
      next.href = result.next.url;
      next.textContent = result.next.label;
    }
    this.dialog.querySelector(result.state === "accepted" ? "[data-camera-next]" : "[data-camera-again]")?.focus();
  }
}

const dialog = document.querySelector("dialog[data-camera]");
const opener = document.querySelector("[data-camera-open]");
if (dialog && opener && navigator.mediaDevices?.getUserMedia) {
  const camera = new Camera(dialog);
  opener.hidden = false;
  opener.querySelector("button").addEventListener("click", () => camera.open());
  if (new URLSearchParams(location.search).has("camera")) camera.open();
}
