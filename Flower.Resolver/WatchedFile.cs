// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Resolver;

/// <summary>
/// What a file says, read again when the file is another one: looked at each time, at most once a second. For any thread.
/// </summary>
/// <param name="path">The file; where it is missing, it says nothing.</param>
/// <param name="read">Reads the text of the file.</param>
internal sealed class WatchedFile<T>(string path, Func<string, T> read)
    where T : class
{
    private const long PauseMs = 1000;

    private readonly Lock _lock = new();
    private FileStamp? _stamp;
    private T? _value;
    private long _lookAt = long.MinValue;

    /// <summary>What it says now.</summary>
    public T Value
    {
        get
        {
            lock (_lock)
            {
                long now = Environment.TickCount64;
                if (_value is null || now >= _lookAt)
                {
                    _lookAt = now + PauseMs;
                    FileStamp stamp = FileStamp.Of(path);
                    if (_value is null || stamp != _stamp)
                    {
                        _stamp = stamp;
                        _value = read(Text());
                    }
                }

                return _value;
            }
        }
    }

    private string Text()
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
