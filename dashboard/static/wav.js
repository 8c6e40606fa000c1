// Recording in the browser: microphone to 16-bit mono wav, cut to what is spoken.
export async function record(seconds, onLevel) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const context = new AudioContext();
  await context.audioWorklet.addModule("/static/recorder.js");
  const source = context.createMediaStreamSource(stream);
  const node = new AudioWorkletNode(context, "recorder");
  const parts = [];
  node.port.onmessage = ({ data }) => {
    parts.push(data);
    onLevel(Math.max(...data.map(Math.abs)));
  };
  source.connect(node);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  stream.getTracks().forEach((track) => track.stop());
  const rate = context.sampleRate;
  await context.close();
  return encode(spoken(join(parts), rate), rate);
}

function join(parts) {
  const samples = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return samples;
}

// From the first to the last window that is louder than a tenth of the loudest.
export function spoken(samples, rate) {
  const size = Math.round(rate / 100);
  const loudness = [];
  for (let at = 0; at < samples.length; at += size) {
    let sum = 0;
    for (let i = at; i < Math.min(at + size, samples.length); i++) sum += samples[i] * samples[i];
    loudness.push(Math.sqrt(sum / size));
  }
  const floor = Math.max(...loudness) / 10;
  const first = Math.max(0, loudness.findIndex((value) => value > floor) - 5);
  const last = loudness.length - 1 - [...loudness].reverse().findIndex((value) => value > floor) + 5;
  return samples.subarray(first * size, Math.min(samples.length, (last + 1) * size));
}

export function encode(samples, rate) {
  const bytes = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at, words) => [...words].forEach((c, i) => bytes.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  bytes.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, rate * 2, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  text(36, "data");
  bytes.setUint32(40, samples.length * 2, true);
  samples.forEach((value, i) => bytes.setInt16(44 + i * 2, Math.max(-1, Math.min(1, value)) * 32767, true));
  return new Blob([bytes], { type: "audio/wav" });
}
