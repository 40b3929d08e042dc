// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Resolver.Static;

/// <summary>
/// The names of a file, read again when it changes and at SIGHUP. A file that is wrong is refused whole: what it said before
/// stands. While this object lives, SIGHUP does not end the process.
/// </summary>
internal sealed class FileNames : INames, IDisposable
{
    private const string Tool = "flower resolver";
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly string _key;
    private readonly Lock _lock = new();
    private readonly PosixSignalRegistration _hangUp;
    private readonly Timer _timer;
    private FileStamp _stamp;
    private volatile NameFile _file;

    /// <summary>Reads the file for the first time.</summary>
    /// <exception cref="ToolException">It is wrong, or cannot be read.</exception>
    public FileNames(string path, string key)
    {
        _path = path;
        _key = key;
        _stamp = FileStamp.Of(path);
        _file = Read(path);
        _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            Reload(isAsked: true);
        });
        _timer = new(_ => Reload(isAsked: false), null, Look, Look);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ToolException">It is wrong, or cannot be read.</exception>
    public static NameFile Read(string path)
    {
        try
        {
            (NameFile? file, IReadOnlyList<string> errors) = NameFileReader.Read(File.ReadAllBytes(path));
            return file ?? throw new ToolException(
                ExitCodes.Configuration,
                $"{path}: {string.Join("; ", errors)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCodes.Configuration, $"{path}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public Task<NameAnswer> ResolveAsync(LabelSet question, CancellationToken cancellationToken) =>
        Task.FromResult(_file.Find(question[_key]!));

    /// <inheritdoc/>
    public void Dispose()
    {
        _hangUp.Dispose();
        _timer.Dispose();
    }

    // The stamp first: what changes while it is read is read again.
    private void Reload(bool isAsked)
    {
        lock (_lock)
        {
            FileStamp stamp = FileStamp.Of(_path);
            if (stamp == _stamp && !isAsked)
            {
                return;
            }

            _stamp = stamp;
            try
            {
                _file = Read(_path);
                CommandLine.Tool.Say(Tool, $"{_path} was read again: {Plural.Of(_file.Names.Count, "name")}");
            }
            catch (ToolException e)
            {
                CommandLine.Tool.Say(Tool, $"{e.Message}; what it said before stands");
            }
        }
    }
}
