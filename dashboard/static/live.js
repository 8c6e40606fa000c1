// Live: draws the snapshots that the dashboard sends, and brings clips in.
const PER = 100;

export default {
  template: `
  <div class="live">
    <p v-if="s.problem" class="banner bad" role="alert">{{ s.problem }}</p>
    <template v-else>
    <p v-if="missing.length" class="banner bad" role="alert">
      Not running: {{ missing.join(", ") }}. <a href="/health">Health says what to do.</a></p>
    <section class="tiles" aria-label="At a glance">
      <div class="tile"><h2>Clips per second</h2><p class="big">{{ rate }}</p>
        <svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" :aria-label="'Clips in each of the last 60 seconds, at most ' + most"><path :d="rateArea"/></svg></div>
      <div class="tile"><h2>Live accuracy</h2><p class="big">{{ percent(s.accuracy.accuracy) }}</p>
        <svg v-if="s.accuracies.length > 1" class="spark line" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label="Live accuracy over time"><path :d="accuracyLine"/></svg>
        <p class="dim">{{ number(s.accuracy.clips) }} clips that it was not trained on</p></div>
      <a class="tile" href="/review"><h2>To review</h2><p class="big">{{ number(s.to_review) }}{{ s.to_review >= 10000 ? "+" : "" }}</p><p class="dim">unsure or wrong; no person has looked</p></a>
      <div class="tile"><h2>Waiting</h2><p class="big">{{ number(waiting) }}</p><p class="dim"><span v-for="(depth, queue) in s.queues">{{ queue }} {{ depth }} &ensp;</span></p></div>
      <a class="tile" href="/models"><h2>Live model</h2><p class="mid">{{ s.model ? s.model.version : "none yet" }}</p>
        <p class="dim" v-if="s.model">{{ percent(s.model.known_voices) }} known voices, {{ percent(s.model.new_voices) }} new voices</p>
        <p class="dim" v-if="s.training" role="status">training: {{ s.training.step }} <template v-if="s.training.epochs">{{ s.training.epoch }} of {{ s.training.epochs }}</template></p></a>
      <a class="tile" href="/health#drift"><h2>Drift</h2><p class="mid"><span :class="'pill ' + s.drift.verdict">{{ s.drift.verdict }}</span></p><p class="dim">{{ driftWords }}</p></a>
    </section>
    <ul class="states" aria-label="Clips by state"><li v-for="(count, state) in s.states"><a :href="'/clips?state=' + state"><span :class="'pill ' + state">{{ state }}</span> <b>{{ number(count) }}</b></a></li></ul>
    <div class="columns">
    <section aria-label="Latest clips">
      <h2>Heard just now</h2>
      <div v-if="!s.clips.length" class="empty"><p><strong>Nothing has been heard yet.</strong></p>
        <p>Drop a wav of a spoken digit here, record one, or copy files into <code>{{ s.inbox }}</code>.</p></div>
      <ol v-else class="stream">
        <li v-for="clip in s.clips" :key="clip.path">
          <button class="play" type="button" @click="play(clip.path)" :aria-label="'Play ' + clip.path">&#9654;</button>
          <svg class="wave" viewBox="0 0 120 32" aria-hidden="true"><rect v-for="(p, i) in clip.peaks" :x="i * 120 / clip.peaks.length" :y="16 - Math.max(1, p * 0.15)" :width="84 / clip.peaks.length" :height="Math.max(2, p * 0.3)" rx="1"/></svg>
          <span class="digit">{{ clip.label ?? "–" }}</span>
          <span class="said"><a :href="'/clip/' + encode(clip.path)">{{ clip.path }}</a><small>{{ clip.reason || clip.model }}</small></span>
          <span class="sure"><template v-if="clip.confidence != null"><span class="bar" aria-hidden="true"><i :style="{ width: clip.confidence * PER + '%' }"></i></span><span class="num">{{ Math.round(clip.confidence * PER) }}%</span></template></span>
          <span class="marks"><span :class="'pill ' + clip.state">{{ clip.state }}</span><span v-if="clip.score === 'wrong'" class="pill failed">is {{ clip.truth }}</span></span>
          <time :title="exact(clip.done_at)">{{ ago(clip.done_at) }}</time>
        </li>
      </ol>
    </section>
    <aside>
      <section class="drop" :class="{ over }" @dragover.prevent="over = true" @dragleave="over = false" @drop.prevent="dropped" aria-label="Bring clips in">
        <h2>Bring clips in</h2>
        <p>Drop wavs or zips here, or</p>
        <p><label class="button"><input type="file" multiple accept=".wav,.zip,audio/wav" class="unseen" @change="chosen">Choose files</label>
        <button v-if="canRecord" class="button main" type="button" :disabled="recording" @click="speak">{{ recording ? "Speak now …" : "Record a digit" }}</button></p>
        <span v-if="recording" class="level" aria-hidden="true"><i :style="{ width: level * 100 + '%' }"></i></span>
        <p v-if="!canRecord" class="dim">Recording works on localhost or over HTTPS.</p>
        <div role="status" class="told"><p v-for="line in told">
          <template v-if="line.label != null"><span class="digit">{{ line.label }}</span> {{ Math.round(line.confidence * PER) }}% sure: <a :href="'/clip/' + encode(line.path)">{{ line.path }}</a></template>
          <template v-else>{{ line.words }}</template></p></div>
      </section>
      <section><h2>Services</h2>
        <ul class="services"><li v-for="service in s.services"><span :class="'dot ' + (service.count ? 'good' : 'bad')" aria-hidden="true"></span><b>{{ service.name }}</b> <span>{{ service.count || "missing" }}</span> <span class="dim" v-if="service.seconds.length">{{ service.seconds.map((x) => x.toFixed(0) + " s").join(", ") }} ago</span></li></ul>
      </section>
    </aside>
    </div>
    </template>
    <audio ref="audio" hidden></audio>
  </div>`,
  props: { first: Object },
  data() {
    return { s: this.first, now: this.first.at, over: false, told: [], recording: false, level: 0, PER, canRecord: !!navigator.mediaDevices?.getUserMedia };
  },
  mounted() {
    this.offset = Date.now() / 1000 - this.first.at;
    this.clock = setInterval(() => (this.now = Date.now() / 1000 - this.offset), 1000);
  },
  unmounted() {
    clearInterval(this.clock);
  },
  computed: {
    missing() { return this.s.services.filter((service) => !service.count && service.name !== "dashboard").map((service) => service.name); },
    rate() { const last = this.s.rates.slice(-5); const mean = last.reduce((a, b) => a + b, 0) / last.length; return mean >= 10 ? Math.round(mean).toLocaleString("en") : mean.toFixed(1); },
    most() { return Math.max(1, ...this.s.rates); },
    rateArea() { const step = 100 / (this.s.rates.length - 1); const points = this.s.rates.map((value, i) => `${(i * step).toFixed(1)},${(29 - (27 * value) / this.most).toFixed(1)}`); return `M0,30 L${points.join(" L")} L100,30Z`; },
    accuracyLine() { const all = this.s.accuracies; const step = 100 / (all.length - 1); return "M" + all.map((each, i) => `${(i * step).toFixed(1)},${(29 - 28 * each.accuracy).toFixed(1)}`).join(" L"); },
    waiting() { return this.s.states.pending + this.s.states.queued; },
    driftWords() { const d = this.s.drift; return d.median == null ? `compares once there are 100 new clips (${d.clips}) and training data (${d.reference})` : `index ${d.median.toFixed(2)} over ${d.features} features; ${Math.round(d.unsure * 100)}% unsure`; },
  },
  methods: {
    show(shot) { this.s = shot; this.offset = Date.now() / 1000 - shot.at; this.now = shot.at; },
    percent(share) { return share == null ? "–" : (share * 100).toFixed(1) + "%"; },
    number(value) { return value.toLocaleString("en"); },
    encode(path) { return path.split("/").map(encodeURIComponent).join("/"); },
    exact(at) { return at ? new Date(at * 1000).toLocaleString() : ""; },
    ago(at) {
      const s = Math.max(0, this.now - (at || this.now));
      return s < 60 ? `${Math.floor(s)} s ago` : s < 3600 ? `${Math.floor(s / 60)} min ago` : s < 172800 ? `${Math.floor(s / 3600)} h ago` : `${Math.floor(s / 86400)} days ago`;
    },
    play(path) { this.$refs.audio.src = "/api/audio/" + this.encode(path); this.$refs.audio.play().catch(() => {}); },
    dropped(event) { this.over = false; this.bring([...event.dataTransfer.files]); },
    chosen(event) { this.bring([...event.target.files]); event.target.value = ""; },
    async bring(files) {
      if (!files.length) return;
      this.told = [{ words: `Bringing ${files.length === 1 ? files[0].name : files.length + " files"} …` }];
      const body = new FormData();
      files.forEach((file) => body.append("file", file, file.name));
      try {
        const answer = await fetch("/api/clips?wait=" + (files.length > 20 ? 0 : 10), { method: "POST", body });
        const found = await answer.json();
        this.told = answer.ok ? this.lines(found) : [{ words: found.detail?.[0]?.msg || found.detail }];
      } catch (error) {
        this.told = [{ words: "The dashboard does not answer: " + error.message }];
      }
    },
    lines(found) {
      const lines = found.clips.slice(0, 8).map((clip) => ({ ...clip, words: `${clip.path}: ${clip.reason || clip.state || "waits"}` }));
      if (found.clips.length > 8) lines.push({ words: `and ${found.clips.length - 8} more` });
      return lines.concat(found.refused.map((each) => ({ words: `${each.name}: ${each.reason}` })));
    },
    async speak() {
      const { record } = await import("/static/wav.js");
      this.recording = true;
      try {
        const wav = await record(1.6, (level) => (this.level = level));
        const name = "spoken-" + new Date().toISOString().replace(/[:.]/g, "-") + ".wav";
        await this.bring([new File([wav], name)]);
      } catch (error) {
        this.told = [{ words: "The microphone cannot be used: " + error.message }];
      }
      this.recording = false;
    },
  },
};
