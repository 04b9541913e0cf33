//! `wayleave feed`: whom the service tells of every opening, at once.

use anyhow::Result;
use api::feed::{Feed, FeedKind, FeedWhat, Feeds, MakeFeed};
use api::ids::FeedId;
use clap::{Args, Subcommand, ValueEnum};
use trust::text::show_foreign;

use crate::ambient::date;
use crate::args::Common;
use crate::login::{As, Login, SHORT_MS};

/// Subcommands of `wayleave feed`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Have openings told to a mail address, a webhook or a log host
    Add(AddArguments),
    /// List the feeds, how they go, and the key that signs webhooks
    List,
    /// Remove a feed
    Remove(RemoveArguments),
}

/// Whom to tell of what.
#[derive(Args, Debug)]
pub struct AddArguments {
    /// How
    kind: Kind,
    /// A mail address; an https URL; tcp://, tls:// or udp:// with host and port
    target: String,
    /// Tell of every opening, not only of those that nobody at the device was asked about
    #[arg(long)]
    all: bool,
}

/// How a feed is told.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Kind {
    Mail,
    Webhook,
    Syslog,
}

/// Which feed.
#[derive(Args, Debug)]
pub struct RemoveArguments {
    /// Its id, as "feed list" shows it
    #[arg(allow_hyphen_values = true)]
    feed: FeedId,
}

/// Runs one.
pub async fn run(command: Command, common: &Common) -> Result<()> {
    let login = Login::online(common, As::Admin, SHORT_MS).await?;
    login.admin_key()?;
    let service = login.signed()?;
    match command {
        Command::Add(arguments) => {
            let wish = MakeFeed {
                kind: match arguments.kind {
                    Kind::Mail => FeedKind::Mail,
                    Kind::Webhook => FeedKind::Webhook,
                    Kind::Syslog => FeedKind::Syslog,
                },
                target: arguments.target,
                what: if arguments.all {
                    FeedWhat::All
                } else {
                    FeedWhat::Unattended
                },
            };
            let made: Feed = service.post("/feeds", &wish).await?;
            if common.json {
                println!("{}", serde_json::to_string(&made)?);
            } else {
                println!("{}", line(&made));
            }
        }
        Command::List => list(&service.get("/feeds").await?, common)?,
        Command::Remove(arguments) => {
            service
                .delete(&format!("/feeds/{}", arguments.feed))
                .await?;
            if !common.json {
                println!("Removed {}.", arguments.feed);
            }
        }
    }
    Ok(())
}

fn list(feeds: &Feeds, common: &Common) -> Result<()> {
    if common.json {
        println!("{}", serde_json::to_string(feeds)?);
        return Ok(());
    }
    if feeds.feeds.is_empty() {
        println!("There is no feed: the service tells nobody of openings.");
    }
    for feed in &feeds.feeds {
        println!("{}", line(feed));
    }
    println!(
        "Webhooks are signed by {}",
        show_foreign(&feeds.webhook_key, 100)
    );
    Ok(())
}

fn line(feed: &Feed) -> String {
    let kind = match feed.kind {
        FeedKind::Mail => "mail",
        FeedKind::Webhook => "webhook",
        FeedKind::Syslog => "syslog",
    };
    let what = match feed.what {
        FeedWhat::Unattended => "unattended",
        FeedWhat::All => "all",
    };
    let mut how = vec![match feed.delivered {
        Some(at) => format!("last delivered {}", date(at)),
        None => "nothing delivered yet".to_owned(),
    }];
    if feed.waiting > 0 {
        how.push(format!("{} waiting", feed.waiting));
    }
    if feed.dropped > 0 {
        how.push(format!("{} DROPPED", feed.dropped));
    }
    if let Some(why) = &feed.failing {
        how.push(format!("failing: {}", show_foreign(why, 200)));
    }
    let target = show_foreign(&feed.target, 500);
    format!(
        "{}\t{kind}\t{target}\t{what}\t{}",
        feed.feed,
        how.join("; ")
    )
}
