// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Rpc.Interop;
using Flower.Switchboard.Hosting;
using Flower.Switchboard.Hosting.Configuration;
using Flower.Switchboard.Telemetry;
using Microsoft.Extensions.Logging;

namespace Flower;

/// <summary><c>flower switchboard</c>: runs the daemon in the foreground until SIGTERM or SIGINT.</summary>
internal sealed class SwitchboardCommand : Command
{
    private readonly Option<string?> _listen = new("--listen")
    {
        HelpName = "PATH",
        Description = "The socket on which programs connect and register. Default: where --switchboard of the other "
            + "commands looks by default",
    };

    private readonly Option<string?> _admin = new("--admin")
    {
        HelpName = "PATH",
        Description = "The socket for gRPC clients such as grpcurl. Default: admin.sock beside the other socket",
    };

    private readonly Option<string?> _control = new("--control")
    {
        HelpName = "PATH",
        Description = "The socket over which another switchboard takes this one's place; mode 0600. Default: control.sock "
            + "beside the first socket",
    };

    private readonly Option<bool> _replace = new("--replace")
    {
        Description = "Take the place of the switchboard that runs with these sockets: all sessions, handles, targets and "
            + "calls go on, and nobody notices. Where none runs, start. SIGUSR2 makes a switchboard replace itself",
    };

    private readonly Option<bool> _keepSessions = new("--keep-sessions")
    {
        Description = "Keep sessions in the service manager's descriptor store (FileDescriptorStoreMax= in "
            + "systemd.service(5)), so that handles and targets outlive a crash. Default: when FDSTORE says that there is "
            + "one, as systemd does since version 254",
    };

    private readonly Option<string?> _mode = new("--mode")
    {
        HelpName = "MODE",
        Description = "The permissions of both sockets, in octal. They only say who can knock: what anybody may do "
            + "there is granted by --config. Default: 0600; 0666 if something is granted to others than root and the owner",
    };

    private readonly Option<string?> _config = new("--config")
    {
        HelpName = "FILE",
        Description = "Who may do what, in JSON: see docs/switchboard.md. Read again at SIGHUP. Without one, root and "
            + "the user that runs the switchboard have all rights and nobody else has any. Default: for root, "
            + ConfigurationSource.SystemPath + " if it exists",
    };

    private readonly Option<string?> _checkConfig = new("--check-config")
    {
        HelpName = "FILE",
        Description = "Check a file for --config, say what it means or what is wrong with it, and exit with 0 or 78",
    };

    private readonly Option<string?> _audit = new("--audit")
    {
        HelpName = "FILE",
        Description = "Add all that happens to this file, a line of JSON each: see docs/watch.md. It is made with mode 0640, and "
            + "opened again at SIGHUP. Default: nothing is written",
    };

    private readonly Option<string?> _metrics = new("--metrics")
    {
        HelpName = "ADDRESS:PORT|unix:PATH",
        Description = "Serve metrics for Prometheus there, at /metrics; the address must be a loopback one, such as "
            + "127.0.0.1:9464. Default: nowhere. See docs/telemetry.md",
    };

    private readonly Option<string?> _otlp = new("--otlp")
    {
        HelpName = "URL",
        Description = "Send metrics and traces there by OTLP over gRPC, as to http://127.0.0.1:4317. Default: nowhere",
    };

    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "Also log what succeeds" };

    public SwitchboardCommand()
        : base(
            "switchboard",
            "Runs the switchboard, on which programs register and connect.\n"
            + "Example: flower switchboard --listen /tmp/flower/switchboard.sock")
    {
        Add(_listen);
        Add(_admin);
        Add(_control);
        Add(_replace);
        Add(_keepSessions);
        Add(_mode);
        Add(_config);
        Add(_checkConfig);
        Add(_audit);
        Add(_metrics);
        Add(_otlp);
        Add(_verbose);
        this.SetRun(RunAsync, stopped: ExitCodes.Ok, first: Harden);
    }

    // What it has of others, labels and sockets, stays in this process; and it needs no more than it was started with.
    private static void Harden()
    {
        Confinement.ForbidNewPrivileges();
        Confinement.ForbidCoreDumps();
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        if (command.GetValue(_checkConfig) is { } file)
        {
            return Check(file);
        }

        ConfigurationResult read = ConfigurationSource.Of(command.GetValue(_config)).Read();
        if (read.Configuration is not { } configuration)
        {
            return Say(read.Errors);
        }

        // Before the program's file can be exchanged for a newer one.
        var replacement = new Replacement(Environment.ProcessPath);
        string listen = command.GetValue(_listen) ?? DefaultPath();
        string folder = Path.GetDirectoryName(Path.GetFullPath(listen))!;
        var options = new SwitchboardOptions
        {
            Listen = listen,
            Admin = command.GetValue(_admin) ?? Path.Combine(folder, "admin.sock"),
            Control = command.GetValue(_control) ?? Path.Combine(folder, "control.sock"),
            Replace = command.GetValue(_replace),
            KeepSessions = command.GetValue(_keepSessions)
                || (int.TryParse(Environment.GetEnvironmentVariable("FDSTORE"), out int slots) && slots > 0),
            Mode = command.GetValue(_mode) is { } mode ? ReadMode(mode) : null,
            Audit = command.GetValue(_audit) is { } audit ? Path.GetFullPath(audit) : null,
            Metrics = command.GetValue(_metrics) is { } metrics ? ReadMetrics(metrics) : null,
            Otlp = command.GetValue(_otlp) is { } otlp ? ReadUrl(otlp) : null,
            Configuration = configuration,
        };
        using ILoggerFactory logs = SwitchboardLog.Open(command.GetValue(_verbose) ? LogLevel.Debug : LogLevel.Information);
        await using SwitchboardDaemon daemon = await StartAsync(options, logs, cancellationToken);
        using IDisposable signal = replacement.Listen();
        await using Reloads? reloads = configuration.Source.Path is null && options.Audit is null ? null : new Reloads(daemon);
        Notifier.Ready();
        Notifier.MainProcess(await daemon.Replaced.WaitAsync(cancellationToken));
        return ExitCodes.Ok;
    }

    private static int Check(string file)
    {
        ConfigurationResult read = ConfigurationSource.Of(file).Read();
        if (read.Configuration is not { } configuration)
        {
            return Say(read.Errors);
        }

        foreach (string line in configuration.Describe())
        {
            Console.WriteLine(line);
        }

        return ExitCodes.Ok;
    }

    private static int Say(IReadOnlyList<string> errors)
    {
        foreach (string error in errors)
        {
            Tool.Say("flower switchboard", error);
        }

        return ExitCodes.Configuration;
    }

    private static async Task<SwitchboardDaemon> StartAsync(
        SwitchboardOptions options, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        try
        {
            return await SwitchboardDaemon.StartAsync(options, logs, cancellationToken);
        }
        catch (IOException e)
        {
            throw new ToolException(ExitCodes.Unavailable, e.Message, e);
        }
    }

    private static string DefaultPath() =>
        SwitchboardAddress.Default.Path ?? throw new ToolException(ExitCodes.Usage, "--listen PATH is needed");

    private static MetricsAddress ReadMetrics(string text)
    {
        try
        {
            return MetricsAddress.Parse(text);
        }
        catch (FormatException e)
        {
            throw new ToolException(ExitCodes.Usage, $"--metrics: {e.Message}", e);
        }
    }

    private static Uri ReadUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && (url.Scheme is "http" or "https")
            ? url
            : throw new ToolException(ExitCodes.Usage, $"--otlp {text}: not a URL such as http://127.0.0.1:4317");

    private static UnixFileMode ReadMode(string text)
    {
        try
        {
            int mode = Convert.ToInt32(text, 8);
            return mode is >= 0 and <= 0x1ff
                ? (UnixFileMode)mode
                : throw new ToolException(ExitCodes.Usage, $"--mode {text}: at most 0777");
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw new ToolException(ExitCodes.Usage, $"--mode {text}: not an octal number such as 0660", e);
        }
    }
}
