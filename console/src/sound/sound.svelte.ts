// The sound of the console: rings until acknowledged, mutes with an end, says when it cannot be heard.
import { EVERY_S, MOTIFS, ringing, volume } from './motif';
import type { World } from '../model/world';

export type Hearing = 'untested' | 'working' | 'blocked' | 'absent';

class Sound {
  hearing = $state<Hearing>('untested');
  mutedUntil = $state(0);
  ringsFor = $state<0 | 1 | null>(null);
  private context: AudioContext | null = null;
  private playedAt = 0;
  private rangSince = 0;

  /** Open the way to the loudspeaker and prove it with a tone too quiet to hear. Call from a click or key. */
  async prove(): Promise<void> {
    if (!('AudioContext' in window)) {
      this.hearing = 'absent';
      return;
    }
    this.context ??= this.open();
    await Promise.race([this.context.resume(), new Promise((done) => setTimeout(done, 500))]);
    this.hearing = this.context.state === 'running' && (await this.passes(this.context)) ? 'working' : 'blocked';
  }

  mute(now: number, minutes: number): void {
    this.mutedUntil = now + minutes * 60;
  }

  unmute(): void {
    this.mutedUntil = 0;
  }

  /** Once a second: start the motif that is due. */
  beat(world: World | null, now: number): void {
    const due = world && ringing(world.incidents.values(), world.raw.values());
    if (!due || this.ringsFor === null) this.rangSince = now;
    this.ringsFor = due?.priority ?? null;
    if (this.mutedUntil && now >= this.mutedUntil) this.unmute();
    if (!due || this.mutedUntil || now - this.playedAt < EVERY_S[due.priority]) return;
    this.playedAt = now;
    this.play(due.priority, volume(now - this.rangSince));
  }

  private open(): AudioContext {
    const context = new AudioContext();
    context.addEventListener('statechange', () => {
      if (context.state !== 'running') this.hearing = 'blocked';
    });
    return context;
  }

  /** Send a faint tone through an analyser: the signal path works where it shows up. */
  private async passes(context: AudioContext): Promise<boolean> {
    const tone = new OscillatorNode(context, { frequency: 440 });
    const faint = new GainNode(context, { gain: 0.0005 });
    const meter = new AnalyserNode(context, { fftSize: 2048 });
    tone.connect(faint).connect(meter).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.2);
    await new Promise((done) => setTimeout(done, 150));
    const samples = new Float32Array(meter.fftSize);
    meter.getFloatTimeDomainData(samples);
    return samples.some((sample) => sample !== 0);
  }

  private play(priority: 0 | 1, loudness: number): void {
    const context = this.context;
    if (!context || context.state !== 'running') return;
    for (const { at_s, hz, length_s } of MOTIFS[priority]) {
      const start = context.currentTime + 0.03 + at_s;
      const tone = new OscillatorNode(context, { type: priority === 0 ? 'square' : 'triangle', frequency: hz });
      const gain = new GainNode(context, { gain: 0 });
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(loudness * (priority === 0 ? 0.4 : 0.8), start + 0.015);
      gain.gain.linearRampToValueAtTime(0, start + length_s);
      tone.connect(gain).connect(context.destination);
      tone.start(start);
      tone.stop(start + length_s + 0.02);
    }
  }
}

export const sound = new Sound();
