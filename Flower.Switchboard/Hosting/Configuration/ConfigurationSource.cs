// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Switchboard.Grants;
using Microsoft.Win32.SafeHandles;
using Mono.Unix.Native;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>
/// The file that the configuration is read from, now and at each reload. Reading may wait for the disk and for the
/// machine's directory of users: never on the loop.
/// </summary>
public sealed class ConfigurationSource
{
    /// <summary>The file that root's switchboard reads where it is there.</summary>
    public const string SystemPath = "/etc/flower/switchboard.json";

    private const int MaxBytes = 1024 * 1024;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly bool _mayBeMissing;
    private readonly IAccounts _accounts;

    internal ConfigurationSource(string? path, bool mayBeMissing, uint owner, IAccounts accounts)
    {
        Path = path;
        _mayBeMissing = mayBeMissing;
        Owner = owner;
        _accounts = accounts;
    }

    /// <summary>The file; null: none, neither now nor later.</summary>
    public string? Path { get; }

    internal uint Owner { get; }

    /// <summary>The file that was asked for, or root's usual one, or none.</summary>
    /// <param name="path">What was asked for; null: nothing.</param>
    public static ConfigurationSource Of(string? path)
    {
        uint owner = Syscall.geteuid();
        return new(
            path is not null ? System.IO.Path.GetFullPath(path) : owner == 0 ? SystemPath : null,
            mayBeMissing: path is null,
            owner,
            new SystemAccounts());
    }

    /// <summary>No file.</summary>
    internal static ConfigurationSource None() =>
        new(null, mayBeMissing: true, Syscall.geteuid(), new SystemAccounts());

    /// <summary>Reads and checks the whole file.</summary>
    public ConfigurationResult Read()
    {
        if (Path is null)
        {
            return new(SwitchboardConfiguration.WithoutFile(this), []);
        }

        var errors = new ConfigurationErrors(Path);
        byte[]? bytes;
        try
        {
            bytes = ReadFile(errors);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            if (_mayBeMissing)
            {
                return new(SwitchboardConfiguration.WithoutFile(this), []);
            }

            errors.Add("there is no such file");
            bytes = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"cannot be read: {e.Message}");
            bytes = null;
        }

        return bytes is null ? new(null, errors.All) : Parse(bytes, errors);
    }

    /// <summary>Checks what a file says.</summary>
    internal ConfigurationResult Parse(byte[] json) => Parse(json, new ConfigurationErrors(Path ?? "configuration"));

    private ConfigurationResult Parse(byte[] json, ConfigurationErrors errors)
    {
        var reader = new ConfigurationReader(errors, _accounts);
        var table = new GrantTable(reader.Read(json), Owner);
        return errors.All.Count == 0
            ? new(new SwitchboardConfiguration(this, table) { PerUser = reader.PerUser, PerHandle = reader.PerHandle }, [])
            : new(null, errors.All);
    }

    // Whoever can write it can give himself every right, so it must be root's or the owner's, as for sshd and sudo.
    private byte[]? ReadFile(ConfigurationErrors errors)
    {
        using SafeFileHandle file = File.OpenHandle(Path!);
        if (Syscall.fstat((int)file.DangerousGetHandle(), out Stat stat) != 0)
        {
            throw new IOException(Stdlib.strerror(Stdlib.GetLastError()));
        }

        if ((stat.st_mode & FilePermissions.S_IFMT) != FilePermissions.S_IFREG)
        {
            errors.Add("is no regular file");
            return null;
        }

        if (stat.st_uid != 0 && stat.st_uid != Owner)
        {
            errors.Add($"belongs to uid {stat.st_uid}: it must be root's, or of the user that runs the switchboard");
        }

        if ((stat.st_mode & (FilePermissions.S_IWGRP | FilePermissions.S_IWOTH)) != 0)
        {
            errors.Add("can be written by others than its owner: chmod go-w");
        }

        if (RandomAccess.GetLength(file) is var length && length > MaxBytes)
        {
            errors.Add($"is larger than {MaxBytes} bytes");
            return null;
        }

        byte[] bytes = new byte[length];
        int read = 0;
        while (read < length && RandomAccess.Read(file, bytes.AsSpan(read), read) is int count and > 0)
        {
            read += count;
        }

        return IsText(bytes.AsSpan(0, read), errors) ? bytes[..read] : null;
    }

    private static bool IsText(ReadOnlySpan<byte> bytes, ConfigurationErrors errors)
    {
        try
        {
            _ = Utf8.GetCharCount(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            errors.Add("is not UTF-8");
            return false;
        }
    }
}
