// Reads a licence's QR code with the camera: by the browser's own reader where it has one, else the picture goes to the server, which reads it.
// Without this script, or without leave to use the camera, a photograph does the same.
"use strict";

const scan = document.querySelector("[data-scan]");

if (scan && navigator.mediaDevices && navigator.mediaDevices.getUserMedia) {
  const [video, hint, refused, start, take] = ["video", "hint", "refused", "start", "take"].map((part) => scan.querySelector(`[data-scan-${part}]`));
  const form = document.querySelector("form[data-scan-into]");

  const readHere = async () => {
    const formats = "BarcodeDetector" in window ? await window.BarcodeDetector.getSupportedFormats() : [];
    return formats.includes("qr_code") ? new window.BarcodeDetector({ formats: ["qr_code"] }) : null;
  };

  const stop = () => {
    for (const track of video.srcObject ? video.srcObject.getTracks() : []) {
      track.stop();
    }
    video.srcObject = null;
  };

  // The frame goes the way of a photograph that was chosen: one form, one reader on the server.
  const send = () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "scan.jpg", { type: "image/jpeg" }));
      form.querySelector("input[type=file]").files = files.files;
      stop();
      form.requestSubmit();
    }, "image/jpeg", 0.92);
  };

  const watch = async (reader) => {
    while (video.srcObject) {
      const found = await reader.detect(video).catch(() => []);
      if (found.length === 1 && /#2[A-Z2-7]{32,900}$/.test(found[0].rawValue)) {
        send();
        return;
      }
      await new Promise((later) => setTimeout(later, 150));
    }
  };

  start.addEventListener("click", async () => {
    try {
      const size = { width: { ideal: 1920 }, height: { ideal: 1080 } };
      video.srcObject = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", ...size } });
      await video.play();
    } catch {
      refused.hidden = false;
      return;
    }
    video.hidden = hint.hidden = take.hidden = false;
    start.hidden = true;
    const reader = await readHere();
    if (reader) {
      watch(reader);
    }
  });
  take.addEventListener("click", send);
  window.addEventListener("pagehide", stop);
  scan.hidden = false;
}
