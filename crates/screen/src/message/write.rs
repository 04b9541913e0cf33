//! The writer: the mirror of the parser. It trusts its caller to keep within `limits`.

use super::{DeviceMessage, Output, ViewerMessage};
use crate::geometry::Rect;

impl DeviceMessage<'_> {
    /// The bytes of the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            DeviceMessage::Hello { version, features } => out.extend([1, *version, features.0]),
            DeviceMessage::Display {
                width,
                height,
                scale_percent,
                outputs,
            } => display(&mut out, [*width, *height, *scale_percent], outputs),
            DeviceMessage::Epoch { number, window_log } => {
                out.push(3);
                out.extend(number.to_be_bytes());
                out.push(*window_log);
            }
            DeviceMessage::Rects { rects, data } => rects_with_data(&mut out, rects, data),
            DeviceMessage::Copy { from, x, y } => {
                out.push(5);
                rect(&mut out, *from);
                numbers(&mut out, &[*x, *y]);
            }
            DeviceMessage::Jpeg { rect: area, data } => {
                out.push(6);
                rect(&mut out, *area);
                out.extend_from_slice(data);
            }
            DeviceMessage::VideoOpen {
                stream,
                codec,
                rect: area,
            } => {
                out.extend([7, *stream, *codec as u8]);
                rect(&mut out, *area);
            }
            DeviceMessage::VideoFrame {
                stream,
                key,
                more,
                time_ms,
                data,
            } => {
                out.extend([8, *stream, u8::from(*key) | u8::from(*more) << 1]);
                out.extend(time_ms.to_be_bytes());
                out.extend_from_slice(data);
            }
            DeviceMessage::VideoClose { stream } => out.extend([9, *stream]),
            DeviceMessage::CursorShape(shape) => {
                out.push(10);
                numbers(
                    &mut out,
                    &[shape.width, shape.height, shape.hot_x, shape.hot_y],
                );
                out.extend_from_slice(&shape.rgba);
            }
            DeviceMessage::CursorPosition { x, y } => {
                out.push(11);
                numbers(&mut out, &[*x, *y]);
            }
            DeviceMessage::FrameEnd { frame } => {
                out.push(12);
                out.extend(frame.to_be_bytes());
            }
        }
        out
    }
}

impl ViewerMessage {
    /// The bytes of the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            ViewerMessage::Hello { version, features } => out.extend([1, *version, features.0]),
            ViewerMessage::Ack { epoch, frame } => {
                out.push(13);
                out.extend(epoch.to_be_bytes());
                out.extend(frame.to_be_bytes());
            }
            ViewerMessage::NeedEpoch => out.push(14),
            ViewerMessage::Quality {
                preference,
                rate_kbit_max,
            } => {
                out.extend([15, *preference as u8]);
                out.extend(rate_kbit_max.to_be_bytes());
            }
        }
        out
    }
}

fn display(out: &mut Vec<u8>, sizes: [u16; 3], outputs: &[Output]) {
    out.push(2);
    numbers(out, &sizes);
    out.push(outputs.len() as u8);
    for output in outputs {
        rect(out, output.rect);
        out.extend([u8::from(output.primary), output.name.len() as u8]);
        out.extend_from_slice(output.name.as_bytes());
    }
}

fn rects_with_data(out: &mut Vec<u8>, rects: &[Rect], data: &[u8]) {
    out.reserve_exact(3 + rects.len() * 8 + data.len());
    out.push(4);
    out.extend((rects.len() as u16).to_be_bytes());
    for area in rects {
        rect(out, *area);
    }
    out.extend_from_slice(data);
}

fn rect(out: &mut Vec<u8>, rect: Rect) {
    numbers(out, &[rect.x, rect.y, rect.width, rect.height]);
}

fn numbers(out: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        out.extend(number.to_be_bytes());
    }
}
