//! The strict parser: whatever is not exactly a message is refused.

use super::{
    Codec, CursorShape, DeviceMessage, Features, MessageError, Output, Preference, ViewerMessage,
};
use crate::geometry::{Rect, Size};
use crate::limits::{
    CURSOR_SIDE_MAX, DISPLAY_PIXELS_MAX, DISPLAY_SIDE_MAX, MESSAGE_BYTES_MAX,
    OUTPUT_NAME_BYTES_MAX, OUTPUTS_MAX, RECTS_PER_MESSAGE_MAX, SCALE_PERCENT_MAX,
    SCALE_PERCENT_MIN, VIDEO_STREAMS_MAX, WINDOW_LOG_MAX, WINDOW_LOG_MIN,
};

impl<'a> DeviceMessage<'a> {
    /// Parses one message. That rectangles lie within the display is for the decoder to check.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, MessageError> {
        let (kind, mut reader) = Reader::open(bytes)?;
        let message = match kind {
            1 => DeviceMessage::Hello {
                version: reader.u8("version")?,
                features: Features(reader.u8("features")?),
            },
            2 => display(&mut reader)?,
            3 => epoch(&mut reader)?,
            4 => rects(&mut reader)?,
            5 => DeviceMessage::Copy {
                from: reader.rect()?,
                x: reader.u16("position")?,
                y: reader.u16("position")?,
            },
            6 => DeviceMessage::Jpeg {
                rect: reader.rect()?,
                data: reader.some_rest("picture")?,
            },
            7 => DeviceMessage::VideoOpen {
                stream: reader.stream()?,
                codec: codec(reader.u8("codec")?)?,
                rect: reader.rect()?,
            },
            8 => video_frame(&mut reader)?,
            9 => DeviceMessage::VideoClose {
                stream: reader.stream()?,
            },
            10 => cursor_shape(&mut reader)?,
            11 => DeviceMessage::CursorPosition {
                x: reader.u16("position")?,
                y: reader.u16("position")?,
            },
            12 => DeviceMessage::FrameEnd {
                frame: reader.number("frame number")?,
            },
            other => return Err(MessageError::UnknownKind(other)),
        };
        reader.close()?;
        Ok(message)
    }
}

impl ViewerMessage {
    /// Parses one message.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let (kind, mut reader) = Reader::open(bytes)?;
        let message = match kind {
            1 => ViewerMessage::Hello {
                version: reader.u8("version")?,
                features: Features(reader.u8("features")?),
            },
            13 => ViewerMessage::Ack {
                epoch: reader.number("epoch number")?,
                frame: reader.number("frame number")?,
            },
            14 => ViewerMessage::NeedEpoch,
            15 => ViewerMessage::Quality {
                preference: preference(reader.u8("preference")?)?,
                rate_kbit_max: reader.u32("rate")?,
            },
            other => return Err(MessageError::UnknownKind(other)),
        };
        reader.close()?;
        Ok(message)
    }
}

fn display<'a>(reader: &mut Reader<'a>) -> Result<DeviceMessage<'a>, MessageError> {
    let size = Size::new(reader.u16("size")?, reader.u16("size")?);
    let side_is_legal = |side: u16| (1..=DISPLAY_SIDE_MAX).contains(&side);
    if !side_is_legal(size.width)
        || !side_is_legal(size.height)
        || size.pixels() > DISPLAY_PIXELS_MAX
    {
        return Err(MessageError::Bounds("display size"));
    }
    let scale_percent = reader.u16("scale")?;
    if !(SCALE_PERCENT_MIN..=SCALE_PERCENT_MAX).contains(&scale_percent) {
        return Err(MessageError::Bounds("scale"));
    }
    let count = usize::from(reader.u8("number of outputs")?);
    if count > OUTPUTS_MAX {
        return Err(MessageError::Bounds("number of outputs"));
    }
    let outputs = (0..count)
        .map(|_| output(reader, size))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(DeviceMessage::Display {
        width: size.width,
        height: size.height,
        scale_percent,
        outputs,
    })
}

fn output(reader: &mut Reader<'_>, size: Size) -> Result<Output, MessageError> {
    let rect = reader.rect()?;
    if !rect.fits(size) {
        return Err(MessageError::Bounds("output"));
    }
    let primary = match reader.u8("output")? {
        0 => false,
        1 => true,
        _ => return Err(MessageError::Bounds("output")),
    };
    let length = usize::from(reader.u8("output name")?);
    if length > OUTPUT_NAME_BYTES_MAX {
        return Err(MessageError::Bounds("output name"));
    }
    let name = std::str::from_utf8(reader.take(length, "output name")?)
        .map_err(|_| MessageError::Bounds("output name"))?;
    Ok(Output {
        rect,
        primary,
        name: name.to_owned(),
    })
}

fn epoch<'a>(reader: &mut Reader<'a>) -> Result<DeviceMessage<'a>, MessageError> {
    let number = reader.number("epoch number")?;
    let window_log = reader.u8("window")?;
    if !(WINDOW_LOG_MIN..=WINDOW_LOG_MAX).contains(&window_log) {
        return Err(MessageError::Bounds("window"));
    }
    Ok(DeviceMessage::Epoch { number, window_log })
}

fn rects<'a>(reader: &mut Reader<'a>) -> Result<DeviceMessage<'a>, MessageError> {
    let count = usize::from(reader.u16("number of rects")?);
    if count > RECTS_PER_MESSAGE_MAX {
        return Err(MessageError::Bounds("number of rects"));
    }
    let rects = (0..count)
        .map(|_| reader.rect())
        .collect::<Result<Vec<_>, _>>()?;
    Ok(DeviceMessage::Rects {
        rects,
        data: reader.rest(),
    })
}

fn video_frame<'a>(reader: &mut Reader<'a>) -> Result<DeviceMessage<'a>, MessageError> {
    let stream = reader.stream()?;
    let flags = reader.u8("flags")?;
    if flags > 3 {
        return Err(MessageError::Bounds("set of flags"));
    }
    Ok(DeviceMessage::VideoFrame {
        stream,
        key: flags & 1 != 0,
        more: flags & 2 != 0,
        time_ms: reader.u32("time")?,
        data: reader.some_rest("picture")?,
    })
}

fn cursor_shape<'a>(reader: &mut Reader<'a>) -> Result<DeviceMessage<'a>, MessageError> {
    let mut side = || reader.u16("cursor");
    let (width, height, hot_x, hot_y) = (side()?, side()?, side()?, side()?);
    let hidden = width == 0 && height == 0 && hot_x == 0 && hot_y == 0;
    let shown = width <= CURSOR_SIDE_MAX && height <= CURSOR_SIDE_MAX;
    let points_within = hot_x < width && hot_y < height;
    let is_legal = hidden || (shown && points_within);
    if !is_legal {
        return Err(MessageError::Bounds("cursor size"));
    }
    let length = usize::from(width) * usize::from(height) * 4;
    Ok(DeviceMessage::CursorShape(CursorShape {
        width,
        height,
        hot_x,
        hot_y,
        rgba: reader.take(length, "cursor")?.to_vec(),
    }))
}

fn codec(byte: u8) -> Result<Codec, MessageError> {
    match byte {
        1 => Ok(Codec::Vp8),
        2 => Ok(Codec::Vp9),
        3 => Ok(Codec::H264),
        4 => Ok(Codec::Av1),
        _ => Err(MessageError::Bounds("codec")),
    }
}

fn preference(byte: u8) -> Result<Preference, MessageError> {
    match byte {
        0 => Ok(Preference::Automatic),
        1 => Ok(Preference::Exact),
        2 => Ok(Preference::Fluent),
        _ => Err(MessageError::Bounds("preference")),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn open(bytes: &'a [u8]) -> Result<(u8, Self), MessageError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(MessageError::TooLong(bytes.len()));
        }
        let (kind, bytes) = bytes.split_first().ok_or(MessageError::Empty)?;
        Ok((*kind, Self { bytes }))
    }

    fn close(self) -> Result<(), MessageError> {
        match self.bytes.len() {
            0 => Ok(()),
            left => Err(MessageError::Trailing(left)),
        }
    }

    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], MessageError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or(MessageError::Short(what))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], MessageError> {
        let (taken, rest) = self
            .bytes
            .split_first_chunk::<N>()
            .ok_or(MessageError::Short(what))?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn u8(&mut self, what: &'static str) -> Result<u8, MessageError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, MessageError> {
        self.array(what).map(u16::from_be_bytes)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, MessageError> {
        self.array(what).map(u32::from_be_bytes)
    }

    fn number(&mut self, what: &'static str) -> Result<u32, MessageError> {
        match self.u32(what)? {
            0 => Err(MessageError::Bounds(what)),
            number => Ok(number),
        }
    }

    fn rect(&mut self) -> Result<Rect, MessageError> {
        let mut side = || self.u16("rect");
        let rect = Rect::new(side()?, side()?, side()?, side()?);
        if rect.is_empty() {
            return Err(MessageError::Bounds("rect"));
        }
        Ok(rect)
    }

    fn stream(&mut self) -> Result<u8, MessageError> {
        match self.u8("stream")? {
            stream if stream < VIDEO_STREAMS_MAX => Ok(stream),
            _ => Err(MessageError::Bounds("stream")),
        }
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    fn some_rest(&mut self, what: &'static str) -> Result<&'a [u8], MessageError> {
        match self.rest() {
            [] => Err(MessageError::Short(what)),
            rest => Ok(rest),
        }
    }
}
