//! Flow control: how much may be under way, learned from acknowledged paints.

use std::collections::VecDeque;

use crate::limits::{FRAMES_IN_FLIGHT_MAX, IN_FLIGHT_BYTES_MAX, IN_FLIGHT_BYTES_MIN};

const WINDOW_BYTES_AT_START: u64 = 256 * 1024;
const SLACK_MS: u64 = 20;
const CONGESTED_MS: u64 = 30;
const CONGESTED_ACKS: u32 = 2;
const SHRINK: f64 = 0.85;
const MIN_RTT_AGE_MS_MAX: u64 = 10_000;

#[derive(Clone, Copy, Debug)]
struct Sent {
    frame: u32,
    bytes: u64,
    at_ms: u64,
    delivered: u64,
    delivered_at_ms: u64,
    busy: bool,
}

/// What is under way to one viewer.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    in_flight: VecDeque<Sent>,
    in_flight_bytes: u64,
    delivered: u64,
    delivered_at_ms: u64,
    rate: Option<f64>,
    min_rtt: Option<(u64, u64)>,
    late_acks: u32,
}

impl Flow {
    /// Whether another update may be sent.
    pub fn has_credit(&self) -> bool {
        self.in_flight.is_empty()
            || (self.in_flight.len() < FRAMES_IN_FLIGHT_MAX && self.in_flight_bytes < self.window())
    }

    /// Bytes that the next update should not exceed by much.
    pub fn budget(&self) -> u64 {
        self.window()
            .saturating_sub(self.in_flight_bytes)
            .max(IN_FLIGHT_BYTES_MIN)
    }

    /// Notes a sent update.
    pub fn on_sent(&mut self, frame: u32, bytes: u64, now_ms: u64) {
        if self.in_flight.is_empty() {
            self.delivered_at_ms = now_ms;
        }
        self.in_flight_bytes += bytes;
        self.in_flight.push_back(Sent {
            frame,
            bytes,
            at_ms: now_ms,
            delivered: self.delivered,
            delivered_at_ms: self.delivered_at_ms,
            busy: self.in_flight_bytes * 2 >= self.window(),
        });
    }

    /// Notes that the viewer painted `frame` and all before; unknown numbers are ignored.
    pub fn on_ack(&mut self, frame: u32, now_ms: u64) {
        let known = self.in_flight.iter().any(|sent| sent.frame == frame);
        while known && let Some(sent) = self.in_flight.pop_front() {
            self.in_flight_bytes -= sent.bytes;
            self.delivered += sent.bytes;
            self.delivered_at_ms = now_ms;
            if sent.frame == frame {
                self.learn(sent, now_ms);
                return;
            }
        }
    }

    /// Forgets what is under way; the viewer will not acknowledge it.
    pub fn forget(&mut self) {
        self.in_flight.clear();
        self.in_flight_bytes = 0;
    }

    fn learn(&mut self, sent: Sent, now_ms: u64) {
        let rtt = now_ms.saturating_sub(sent.at_ms);
        let min_rtt = match self.min_rtt {
            Some((min, at)) if min <= rtt && now_ms.saturating_sub(at) < MIN_RTT_AGE_MS_MAX => min,
            _ => {
                self.min_rtt = Some((rtt, now_ms));
                rtt
            }
        };
        let elapsed = now_ms.saturating_sub(sent.delivered_at_ms).max(1);
        let sample = (self.delivered - sent.delivered) as f64 / elapsed as f64;
        self.rate = match self.rate {
            Some(rate) if sample >= rate => Some(sample),
            Some(rate) if sent.busy => Some(rate * 0.75 + sample * 0.25),
            None if !sent.busy => None,
            None => Some(sample),
            unchanged => unchanged,
        };
        self.late_acks = if rtt > min_rtt + CONGESTED_MS {
            self.late_acks + 1
        } else {
            0
        };
        if self.late_acks >= CONGESTED_ACKS {
            self.late_acks = 0;
            self.rate = self.rate.map(|rate| rate * SHRINK);
        }
    }

    fn window(&self) -> u64 {
        let (Some(rate), Some((min_rtt, _))) = (self.rate, self.min_rtt) else {
            return WINDOW_BYTES_AT_START;
        };
        let window = rate * (min_rtt + SLACK_MS) as f64;
        (window as u64).clamp(IN_FLIGHT_BYTES_MIN, IN_FLIGHT_BYTES_MAX)
    }
}
