//! The command line.

use std::{
    error::Error,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use domain::app::Timestamp;

use crate::{
    config::Config,
    doctor::{self, Format, Health},
    http,
    import::{self, Import},
    node,
    operator::{self, Operator},
    seed::{self, Seeded},
    stop, telemetry,
    up::{self, Demo, Options},
};

/// Runs voluntary alliances of schools.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: UpArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything in one process (also without any command)
    Up(UpArgs),
    /// Run pages and the API, over the database of `DATABASE_URL`
    Gateway,
    /// Run the work behind them, over the database of `DATABASE_URL`
    Worker,
    /// Bring the schema up to date, as the owner of `OWNER_DATABASE_URL`
    Migrate,
    /// Take in a file of the national register of schools, or of term dates
    Import {
        #[command(subcommand)]
        file: Import,
    },
    /// Look at everything this deployment needs, and say what to do
    Doctor {
        #[command(flatten)]
        data: DataArgs,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Look at the deployment's own work, and decide about what has failed
    Operator {
        #[command(subcommand)]
        what: Operator,
    },
    /// Put the demo into an empty database
    Seed {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print the GraphQL schema
    Schema,
}

#[derive(Args)]
struct UpArgs {
    /// The port to listen on [default: that of BIND, or 8080]
    #[arg(long)]
    port: Option<u16>,
    #[command(flatten)]
    data: DataArgs,
    /// Leave an empty database empty
    #[arg(long)]
    no_demo: bool,
    /// Start the clock at this moment in London, such as 2026-10-05T09:00
    #[arg(long, value_name = "DATE-TIME", value_parser = up::parse_now)]
    now: Option<Timestamp>,
}

#[derive(Args)]
pub(crate) struct DataArgs {
    /// Where everything that no environment variable places elsewhere is kept
    #[arg(long, value_name = "DIR", default_value = ".ensemble")]
    pub(crate) data: PathBuf,
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    match start() {
        Ok(code) => code,
        Err(error) => {
            // Nothing else can be done where even that fails.
            let _ = writeln!(io::stderr(), "ensemble: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<ExitCode, Box<dyn Error>> {
    let Cli { command, up } = Cli::parse();
    telemetry::init()?;
    tokio::runtime::Runtime::new()?.block_on(run(command.unwrap_or(Command::Up(up))))
}

async fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    let config = Config::from_env();
    match command {
        Command::Up(args) => {
            let options = Options {
                port: args.port,
                data: args.data.data,
                demo: if args.no_demo { Demo::Unwanted } else { Demo::Wanted },
                now: args.now,
            };
            up::up(&config?, &options, &stop::listen()?).await?;
        }
        Command::Gateway => {
            let (config, stop) = (config?, stop::listen()?);
            let listener = http::listen(config.http.bind).await?;
            let node = node::open_shared(&config).await?;
            node::show_metrics(&node).await?;
            tracing::info!(address = %listener.local_addr()?, "answering");
            node::serve(&node, listener, &stop).await?;
            node.app.db.close().await;
        }
        Command::Worker => {
            let (config, stop) = (config?, stop::listen()?);
            let node = node::open_shared(&config).await?;
            node::show_metrics(&node).await?;
            tracing::info!("working");
            tokio::select! {
                worked = node::work(&node, stop.asked.clone()) => worked?,
                () = stop.at_once.cancelled() => {}
            }
            node.app.db.close().await;
        }
        Command::Migrate => {
            domain::db::migrate(config?.owner_database()?.expose()).await.map_err(|error| error.detail())?;
            println!("The schema is up to date.");
        }
        Command::Import { file } => import::import(&config?, &file).await?,
        Command::Doctor { data, json } => {
            let format = if json { Format::Json } else { Format::Text };
            let health = doctor::doctor(config.as_ref(), &data.data, format, &mut io::stdout()).await?;
            return Ok(if health == Health::Fine { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Operator { what } => print!("{}", operator::operator(&config?, &what).await?),
        Command::Seed { data } => {
            let said = match seed::command(&config?, &data.data).await? {
                Seeded::New => "The demo is made.",
                Seeded::There => "The demo is there already.",
                Seeded::InUse => {
                    "Nothing was changed: the demo goes into an empty database, and this one has alliances."
                }
            };
            println!("{said}");
        }
        Command::Schema => print!("{}", gateway::schema::sdl()),
    }
    Ok(ExitCode::SUCCESS)
}
